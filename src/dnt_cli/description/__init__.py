"""Who took part, who dropped out, how the groups differed and how their outcomes went, as observed.

Nothing here is imputed, adjusted or tested. Values are exact; what is printed is rounded half up.
"""
