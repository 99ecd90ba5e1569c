"""Support for the lessons of *Image Classification, Checked*; CONTRIBUTING.md lists the rooms."""
