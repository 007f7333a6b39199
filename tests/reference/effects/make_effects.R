# Reference values for the effect models: imputed.csv (five imputations of Beat the Blues made by dnt) analysed with
# lm, glm, lmer and glmer, pooled with mice::pool.scalar. Run in this folder: Rscript make_effects.R
suppressPackageStartupMessages({library(mice); library(lme4); library(lmerTest); library(jsonlite)})
d <- read.csv("imputed.csv", stringsAsFactors = FALSE)
d$group <- as.integer(d$treatment == "BtheB")
d$drug <- as.integer(d$drug == "Yes"); d$length <- as.integer(d$length == ">6m")
sets <- split(d[d$.imp > 0, ], d$.imp[d$.imp > 0])
months <- c(T0 = 0, T1 = 2, T2 = 3, T3 = 5, T4 = 8)
long <- function(x, v) {
  do.call(rbind, lapply(seq_along(months), function(i) data.frame(
    id = x$id, group = x$group, drug = x$drug, length = x$length, time = months[[i]], y = x[[paste0(v, "_", names(months)[i])]])))
}
pooled <- function(fits, se2 = function(f) diag(as.matrix(vcov(f))), est = function(f) if (isS4(f)) fixef(f) else coef(f)) {
  q <- sapply(fits, est); u <- sapply(fits, se2); df <- df.residual(fits[[1]])
  out <- lapply(rownames(q), function(t) {
    p <- pool.scalar(q[t, ], u[t, ], n = df + 1, k = 1)
    list(estimate = p$qbar, std_error = sqrt(p$t), df = p$df, ubar = p$ubar, b = p$b, riv = p$r, fmi = p$fmi)
  })
  setNames(out, rownames(q))
}
tight <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(maxfun = 1e5))
tightl <- lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-10))
ame <- function(f, x) { # average marginal effect of the group with its delta-method standard error
  b <- coef(f); X1 <- X0 <- model.matrix(f); X1[, "group"] <- 1; X0[, "group"] <- 0
  p1 <- plogis(X1 %*% b); p0 <- plogis(X0 %*% b)
  g <- colMeans(X1 * as.vector(p1 * (1 - p1))) - colMeans(X0 * as.vector(p0 * (1 - p0)))
  c(mean(p1 - p0), sqrt(t(g) %*% vcov(f) %*% g))
}
glms <- lapply(sets, function(x) glm(no_depression_T4 ~ group + no_depression_T0 + drug + length, binomial, x, epsilon = 1e-12))
ames <- sapply(glms, ame); a <- pool.scalar(ames[1, ], ames[2, ]^2, n = Inf)
gm <- lapply(sets, function(x) glmer(y ~ group * time + drug + length + (1 | id), long(x, "no_depression"), binomial, control = tight))
result <- list(
  t3_linear = pooled(lapply(sets, function(x) lm(bdi_T4 ~ group + bdi_T0 + drug + length, x))),
  t3_linear_scaled = pooled(lapply(sets, function(x) lm(scale(bdi_T4) ~ scale(group) + scale(bdi_T0) + scale(drug) + scale(length), x))),
  t3_linear_outcome = pooled(lapply(sets, function(x) lm(scale(bdi_T4) ~ group + bdi_T0 + drug + length, x))),
  t3_difference = pooled(lapply(sets, function(x) lm(I(bdi_T4 - bdi_T0) ~ group + drug + length, x))),
  t3_binary = pooled(glms),
  t3_marginal = list(estimate = a$qbar, std_error = sqrt(a$t)),
  trend_linear = pooled(lapply(sets, function(x) lmer(y ~ group * time + drug + length + (1 | id), long(x, "bdi"), control = tightl))),
  trend_linear_scaled = pooled(lapply(sets, function(x) { l <- long(x, "bdi")
    lmer(scale(y) ~ scale(group) * time + drug + length + (1 | id), l, control = tightl) })),
  trend_binary = pooled(gm),
  observed_linear = { f <- lm(bdi_T4 ~ group + bdi_T0 + drug + length, d[d$.imp == 0, ]); s <- summary(f)$coefficients
    setNames(lapply(rownames(s), function(t) list(estimate = s[t, 1], std_error = s[t, 2], p_value = s[t, 4], df = f$df.residual)), rownames(s)) },
  observed_trend = { s <- summary(lmer(y ~ group * time + drug + length + (1 | id), long(d[d$.imp == 0, ], "bdi"), control = tightl))$coefficients
    setNames(lapply(rownames(s), function(t) list(estimate = s[t, 1], std_error = s[t, 2], df = s[t, 3])), rownames(s)) },
  satterthwaite_mean = { dfs <- sapply(sets, function(x) summary(lmer(y ~ group * time + drug + length + (1 | id), long(x, "bdi"), control = tightl))$coefficients["group:time", "df"])
    mean(dfs) },
  session = capture.output(sessionInfo())
)
write_json(result, "effects_expected.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)
