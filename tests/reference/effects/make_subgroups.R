# The effect in subgroups of Beat the Blues: lm, glm, lmer and glmer with a product of group and moderator on the sets of
# imputed.csv, once per subgroup as reference, pooled by mice; of three subgroups the products with their
# covariance in each set, which D1 tests together.
# `age` is made up: 20 + 7 id modulo 40. Usage: Rscript make_subgroups.R   (in this folder; writes subgroups_expected.json)
suppressPackageStartupMessages({library(mice); library(lme4); library(jsonlite)})
d <- read.csv("imputed.csv", stringsAsFactors = FALSE)
d$group <- as.integer(d$treatment == "BtheB")
d$age <- cut(20 + (7 * d$id) %% 40, c(-Inf, 30, 45, Inf), right = FALSE, labels = c("<30", "30-<45", ">=45"))
d$drug <- factor(d$drug); d$length <- factor(d$length)
sets <- split(d[d$.imp > 0, ], d$.imp[d$.imp > 0])
exact <- glm.control(epsilon = 1e-14, maxit = 100)
logistic <- function(f, x) {
  start <- coef(glm(f, binomial, x, control = exact))  # glm's covariance is that of the last step but one
  do.call(glm, list(f, binomial, x, start = start, control = exact))
}
pooled <- function(fits, term, df) {
  q <- sapply(fits, function(f) if (isS4(f)) fixef(f)[[term]] else coef(f)[[term]])
  u <- sapply(fits, function(f) as.matrix(vcov(f))[term, term])
  p <- pool.scalar(q, u, n = df + 1, k = 1)
  list(estimate = p$qbar, std_error = sqrt(p$t), df = p$df)
}
endpoint <- function(y, moderator) {
  f <- function(m) as.formula(sprintf("%s_T4 ~ group * %s + %s_T0 + length%s", y, m, y, if (moderator == "drug") "" else " + drug"))
  run <- function(form, x) if (y == "bdi") lm(form, x) else logistic(form, x)
  levels <- levels(d[[moderator]])
  own <- lapply(setNames(levels, levels), function(l) {
    fits <- lapply(sets, function(x) { x$m <- relevel(x[[moderator]], l); run(f("m"), x) })
    list(fits = fits, effect = pooled(fits, "group", df.residual(fits[[1]])))
  })
  test <- if (length(levels) == 2) pooled(own[[1]]$fits, paste0("group:m", levels[2]), df.residual(own[[1]]$fits[[1]])) else {
    terms <- paste0("group:m", levels[-1])  # the joint test (D1) is held against mice in make_pooling.R
    unname(lapply(own[[1]]$fits, function(f) list(estimate = unname(coef(f)[terms]), covariance = unname(vcov(f)[terms, terms]),
                                                  df = df.residual(f))))
  }
  list(subgroups = lapply(own, `[[`, "effect"), test = test)
}
long <- function(x, y) {
  w <- reshape(x[, c("id", "group", "drug", "length", paste0(y, "_T", 0:4))], direction = "long", idvar = "id",
               varying = paste0(y, "_T", 0:4), v.names = "y", timevar = "place", times = 1:5)
  w$time <- c(0, 2, 3, 5, 8)[w$place]; w[order(w$id, w$time), ]
}
trend <- function(y, fit) {
  levels <- levels(d$drug)
  own <- lapply(setNames(levels, levels), function(l)
    lapply(sets, function(x) { w <- long(x, y); w$m <- relevel(w$drug, l); fit(y ~ group * time * m + length + (1 | id), w) }))
  n <- nrow(long(sets[[1]], y))
  df <- df.residual(own[[1]][[1]])
  list(subgroups = lapply(own, function(f) pooled(f, "group:time", df)),
       test = pooled(own[[1]], paste0("group:time:m", levels[2]), df))
}
linear <- function(f, x) lmer(f, x, control = lmerControl("bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5)))
mixed <- function(f, x) glmer(f, x, binomial, control = glmerControl("bobyqa", tolPwrss = 1e-10, optCtrl = list(maxfun = 1e5)))
result <- list(session = capture.output(sessionInfo()),
               endpoint = list(bdi = list(drug = endpoint("bdi", "drug"), age = endpoint("bdi", "age")),
                               no_depression = list(drug = endpoint("no_depression", "drug"), age = endpoint("no_depression", "age"))),
               trend = list(bdi = trend("bdi", linear), no_depression = trend("no_depression", mixed)))
write_json(result, "subgroups_expected.json", digits = I(15), auto_unbox = TRUE)
