"""Search for networks: `space` says what a candidate is, `optimisers` ask, `driver` judges and tells.

Only `genome`, `fitness` and `pictures` know of networks; `objectives` turns several losses into one score,
`sandbox` keeps a candidate's failure to itself, `tables` has spaces whose every loss is known.
"""
