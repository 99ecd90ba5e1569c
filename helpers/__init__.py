"""Support for the lessons of *Image Classification, Checked*.

Data flows one way: `data` -> `images`, `features` -> `models` -> `train` -> `evaluate`, `compare`, `cost` ->
`record`. `plots` draws what it is given, `parallel` runs independent tasks, `estimator` is the scikit-learn
way. `course` runs the lessons and builds the site; no lesson imports it.
"""
