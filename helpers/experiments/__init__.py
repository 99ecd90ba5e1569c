"""Full runs that are no lesson: a module a subject, whose function `run` records.

`notebooks/full.yaml` names each run, its module and its parameters; `course run NAME --full` makes it.
"""
