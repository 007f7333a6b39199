# What R's mice makes of imputations that dnt wrote: as.mids(), with(), pool().
# Usage: Rscript pool_imputations.R IMPUTED.csv OUT.json      (R, mice, jsonlite; Beat the Blues by `dnt convert`)
suppressPackageStartupMessages({library(mice); library(jsonlite)})
paths <- commandArgs(TRUE)
long <- read.csv(paths[1], na.strings = "", stringsAsFactors = TRUE)
long$id <- as.character(long$id)
long$group <- as.integer(long$treatment == "BtheB")
imp <- as.mids(long)
row <- function(fits) {
  s <- summary(pool(fits))
  list(term = as.character(s$term), estimate = s$estimate, std_error = s$std.error, df = s$df)
}
# glm's standard errors belong to the last step but one, so it starts once more from where it ended.
exact <- function(formula) {
  environment(formula) <- parent.frame()
  control <- glm.control(epsilon = 1e-14, maxit = 100)
  first <- glm(formula, family = binomial, control = control)
  glm(formula, family = binomial, control = control, start = coef(first))
}
write_json(list(
  session = capture.output(sessionInfo()), m = imp$m,
  linear = row(with(imp, lm(bdi_T4 ~ group + bdi_T0 + drug + length))),
  binary = row(with(imp, exact(no_depression_T4 ~ group + no_depression_T0 + drug + length)))),
  paths[2], digits = I(15), auto_unbox = TRUE)
