# Rscript mice.R in.csv out.csv m maxit seed: R's mice with its defaults (all columns are predictors), for comparison.
suppressPackageStartupMessages(library(mice))
a <- commandArgs(TRUE)
d <- read.csv(a[1], na.strings = "", stringsAsFactors = TRUE)
for (v in names(d)) if (is.numeric(d[[v]]) && v != "arm" && all(d[[v]] %in% c(0, 1, NA))) d[[v]] <- factor(d[[v]])
ini <- mice(d, maxit = 0)
method <- ini$method
if (!requireNamespace("nnet", quietly = TRUE)) method[method == "polyreg"] <- "pmm"
imp <- suppressWarnings(mice(d, m = as.integer(a[3]), maxit = as.integer(a[4]), method = method,
                             seed = as.integer(a[5]), printFlag = FALSE))
write.csv(complete(imp, "long"), a[2], row.names = FALSE, na = "")
