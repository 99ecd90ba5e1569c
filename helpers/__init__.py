"""Support for the lessons of *Image Classification, Checked*.

Data flows one way: `data` -> `images`, `features` -> models and training -> `evaluate` -> `record`.
`plots` draws what it is given. `course` runs the lessons and builds the site; no lesson imports it.
"""
