# The same chain as an analyst would write it in R: mice, glm, lm, lmer, glmer, pool; on the same data and models.
# Rscript peer.R DATA.csv SPEC.json m iterations    DATA: one row per person; SPEC: outcomes, kinds, controls
suppressPackageStartupMessages({library(mice); library(lme4); library(jsonlite)})
a <- commandArgs(TRUE); spec <- fromJSON(a[2], simplifyVector = FALSE); controls <- unlist(spec$controls); m <- as.integer(a[3]); maxit <- as.integer(a[4])
d <- read.csv(a[1], na.strings = "", stringsAsFactors = TRUE)
for (v in unlist(spec$binary_columns)) d[[v]] <- factor(d[[v]], levels = 0:1)
clock <- function(stage, expr) {
  t0 <- proc.time()[["elapsed"]]; value <- suppressWarnings(expr)
  cat(sprintf("%s %.3f\n", stage, proc.time()[["elapsed"]] - t0)); value
}
num <- function(x) if (is.factor(x)) as.integer(as.character(x)) else x
derive <- function(x) {
  for (r in spec$derived) x[[r$column]] <- if (r$rule == "at_least") as.integer(num(x[[r$source]]) >= r$value) else
    if (r$rule == "at_most") as.integer(num(x[[r$source]]) <= r$value) else as.integer(num(x[[r$source]]) > num(x[[r$since]]))
  x
}
sets <- clock("impute", {
  predictors <- quickpred(d, mincor = 0.2, minpuc = 0.25, include = c("group", controls), exclude = c("id", "site"))
  imp <- mice(d, m = m, maxit = maxit, predictorMatrix = predictors, print = FALSE, seed = 1)
  lapply(complete(imp, "all"), derive)
})
rhs <- function(x) paste(c("group", x, controls), collapse = " + ")
t3 <- clock("fit-t3", lapply(spec$endpoint, function(o) {
  fits <- lapply(sets, function(x) { x$y <- num(x[[o$column]]); x$b <- if (!is.null(o$baseline)) num(x[[o$baseline]])
    f <- as.formula(paste("y ~", rhs(if (!is.null(o$baseline)) "b")))
    if (o$binary) glm(f, binomial, x) else lm(f, x) })
  summary(pool(as.mira(fits)))
}))
long <- function(x, columns) { l <- reshape(x[, c("id", "group", controls, columns)], direction = "long",
    varying = columns, v.names = "y", timevar = "wave", times = seq_along(columns) - 1, idvar = "id"); l$y <- num(l$y); l }
one <- function(f, l, binary) if (binary) glmer(f, l, binomial, control = glmerControl(optimizer = "bobyqa")) else lmer(f, l)
trend <- clock("fit-longitudinal", lapply(spec$trend, function(o) {
  f <- as.formula(paste("y ~ group * wave +", paste(controls, collapse = " + "), "+ (1 | id)"))
  fits <- lapply(sets, function(x) suppressMessages(one(f, long(x, unlist(o$columns)), o$binary)))
  q <- sapply(fits, function(fit) fixef(fit)["groupintervention:wave"]); u <- sapply(fits, function(fit) diag(as.matrix(vcov(fit)))["groupintervention:wave"])
  pool.scalar(q, u)
}))
