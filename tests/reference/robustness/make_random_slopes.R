# Yes/no with a random intercept and slope per person, by glmer with Laplace's approximation (its only one for two random
# effects): four public data sets, and the completed sets of two outcomes of example.csv.
# Usage: Rscript make_random_slopes.R      (in this folder; lme4, numDeriv, jsonlite; writes random_slopes_expected.json)
suppressMessages({library(lme4); library(jsonlite)})
control <- glmerControl("bobyqa", tolPwrss = 1e-13, optCtrl = list(maxfun = 1e5, rhoend = 1e-10))
# Second derivatives by Richardson's extrapolation: those of lme4 are off by up to 7e-4 of a standard error where effects are
# large. Where a root of the covariance is zero its direction is left out (the deviance is even in it).
hessian_error <- function(f) {
  deviance <- update(f, devFunOnly = TRUE); at <- c(getME(f, "theta"), fixef(f))
  unit <- sqrt(2 / abs(diag(f@optinfo$derivs$Hessian)))
  free <- abs(at) > 1e-3 | seq_along(at) != 3
  h <- numDeriv::hessian(function(z) { y <- at; y[free] <- y[free] + z * unit[free]; deviance(y) }, rep(0, sum(free)),
                         method.args = list(eps = 0.1))
  (unit[free] * sqrt(diag(2 * solve(h))))[(sum(free) - length(fixef(f)) + 1):sum(free)]
}
said <- function(f) list(
  terms = names(fixef(f)), estimate = unname(fixef(f)), std_error = unname(hessian_error(f)),
  covariance = unname(matrix(as.numeric(VarCorr(f)[[1]]), 2)), log_likelihood = as.numeric(logLik(f)),
  df = df.residual(f), singular = isSingular(f, tol = 1e-4))
fit <- function(f, d) said(suppressWarnings(do.call(glmer, list(f, d, binomial, control = control))))
public <- function(name) read.csv(file.path("..", "data", paste0(name, ".csv")))
result <- list(
  contraception = fit(y ~ urban + age + l1 + l2 + l3 + (1 + urban | g), public("contraception")),
  bacteria = fit(y ~ week + drug + drugplus + (1 + week | g), public("bacteria")),
  respiratory = fit(y ~ month + treat + month:treat + male + age + centre2 + base + (1 + month | g), public("respiratory")),
  toenail = fit(y ~ time + treat + time:treat + (1 + time | g), public("toenail")))
all <- read.csv("example.csv", colClasses = c(id = "character"), na.strings = "")
all$treated <- as.integer(all$group == "intervention")
sets <- split(all[all$.imp > 0, ], all$.imp[all$.imp > 0])
long <- function(d, y) do.call(rbind, lapply(0:4, function(t) data.frame(
  id = d$id, treated = d$treated, high = as.integer(d$education != "low"), with = as.integer(d$partner == "yes"),
  wave = t, y = d[[paste0(y, "_T", t)]])))
for (y in c("work_any", "makes_ends_meet"))
  result[[y]] <- unname(lapply(sets, function(d) fit(y ~ treated * wave + high + with + (1 + wave | id), long(d, y))))
result$session <- capture.output(sessionInfo())
write_json(result, "random_slopes_expected.json", digits = I(15), auto_unbox = TRUE)
