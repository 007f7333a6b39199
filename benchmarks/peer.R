# The same chain as an analyst would write it in R: mice, glm, lm, lmer, glmer, pool; on the same data and models.
# Rscript peer.R DATA.csv SPEC.json m iterations    DATA: one row per person; SPEC: outcomes, kinds, controls
# Robustness: a subset imputed anew, differences since baseline, observed answers only.
# Prints per stage its wall and its CPU seconds.
suppressPackageStartupMessages({library(mice); library(lme4); library(jsonlite)})
a <- commandArgs(TRUE); spec <- fromJSON(a[2], simplifyVector = FALSE); controls <- unlist(spec$controls); m <- as.integer(a[3]); maxit <- as.integer(a[4])
d <- read.csv(a[1], na.strings = "", stringsAsFactors = TRUE)
for (v in unlist(spec$binary_columns)) d[[v]] <- factor(d[[v]], levels = 0:1)
clock <- function(stage, expr) {
  t0 <- proc.time(); value <- suppressWarnings(expr); used <- proc.time() - t0
  cat(sprintf("%s %.3f %.3f\n", stage, used[["elapsed"]], sum(used[c("user.self", "sys.self")]))); value
}
num <- function(x) if (is.factor(x)) as.integer(as.character(x)) else x
derive <- function(x) {
  for (r in spec$derived) x[[r$column]] <- if (r$rule == "at_least") as.integer(num(x[[r$source]]) >= r$value) else
    if (r$rule == "at_most") as.integer(num(x[[r$source]]) <= r$value) else as.integer(num(x[[r$source]]) > num(x[[r$since]]))
  x
}
predictors <- quickpred(d, mincor = 0.2, minpuc = 0.25, include = c("group", controls), exclude = c("id", "site"))
impute <- function(data, seed) lapply(complete(
  mice(data, m = m, maxit = maxit, predictorMatrix = predictors, print = FALSE, seed = seed), "all"), derive)
sets <- clock("impute", impute(d, 1))
rhs <- function(x) paste(c("group", x, controls), collapse = " + ")
# Change: y minus its value at baseline, by least squares.
endpoint <- function(sets, change = FALSE) lapply(spec$endpoint, function(o) {
  fits <- lapply(sets, function(x) { x$y <- num(x[[o$column]]); x$b <- if (!is.null(o$baseline)) num(x[[o$baseline]])
    if (change && !is.null(x[["b"]])) x$y <- x$y - x[["b"]]
    f <- as.formula(paste("y ~", rhs(if (!is.null(x[["b"]]) && !change) "b")))
    if (o$binary && !change) glm(f, binomial, x) else lm(f, x) })
  if (length(fits) > 1) summary(pool(as.mira(fits))) else summary(fits[[1]])
})
long <- function(x, columns) { l <- reshape(x[, c("id", "group", controls, columns)], direction = "long",
    varying = columns, v.names = "y", timevar = "wave", times = seq_along(columns) - 1, idvar = "id"); l$y <- num(l$y); l }
one <- function(f, l, binary) if (binary) glmer(f, l, binomial, control = glmerControl(optimizer = "bobyqa")) else lmer(f, l)
trend <- function(sets) lapply(spec$trend, function(o) {
  f <- as.formula(paste("y ~ group * wave +", paste(controls, collapse = " + "), "+ (1 | id)"))
  fits <- lapply(sets, function(x) suppressMessages(one(f, long(x, unlist(o$columns)), o$binary)))
  q <- sapply(fits, function(fit) fixef(fit)["groupintervention:wave"]); u <- sapply(fits, function(fit) diag(as.matrix(vcov(fit)))["groupintervention:wave"])
  if (length(fits) > 1) pool.scalar(q, u) else c(q, u)
})
invisible(clock("fit-t3", endpoint(sets)))
invisible(clock("fit-longitudinal", trend(sets)))
observed <- derive(d)
invisible(clock("describe", lapply(spec$trend, function(o) lapply(unlist(o$columns), function(v)
  aggregate(num(observed[[v]]), list(d$group), function(x) c(mean(x, na.rm = TRUE), sd(x, na.rm = TRUE), sum(!is.na(x))))))))
invisible(clock("robustness", {
  without <- impute(d[num(d[[spec$subset]]) %in% 0, ], 2)
  list(endpoint(without), trend(without), endpoint(sets, change = TRUE), endpoint(list(observed)), trend(list(observed)))
}))
