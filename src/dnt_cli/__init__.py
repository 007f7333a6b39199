"""Honest evaluation of social interventions: imputation, effects, robustness, description."""

__version__ = "0.1.0"
