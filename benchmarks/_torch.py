"""PyTorch training the network of `benchmarks.training`; prints images a second."""

import numpy as np
import torch
from torch import nn

from benchmarks._rate import Train, measure
from helpers.data import Split, load
from helpers.images.transforms import scale

BATCH = 64


def train_with_torch(train: Split) -> Train:
    def block(inputs: int, filters: int) -> tuple[nn.Module, ...]:
        return nn.Conv2d(inputs, filters, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)

    head = nn.Flatten(), nn.Linear(32 * 6 * 6, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
    model = nn.Sequential(*block(3, 64), *block(64, 32), *head).to(memory_format=torch.channels_last)
    optimiser = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    images = torch.from_numpy(np.moveaxis(scale(train.images), -1, 1))
    labels = torch.from_numpy(train.labels)

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for chosen in torch.randperm(len(labels)).split(BATCH):
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
                optimiser.step()

    return run


if __name__ == "__main__":
    train = load("cifar10-sample", validation=0).train
    print(measure(train_with_torch(train), len(train)))
