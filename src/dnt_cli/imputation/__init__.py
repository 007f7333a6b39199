"""Multiple imputation: completed data sets by `pmm`, `norm` or `forest` behind one face."""

from dnt_cli.imputation.columns import FOREST_PARAMETERS, Column, Settings
from dnt_cli.imputation.run import Imputation, impute

__all__ = ["FOREST_PARAMETERS", "Column", "Imputation", "Settings", "impute"]
