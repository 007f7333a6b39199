# Effects on scales over persons, for the trend of work_any on the sets of ../robustness/example.csv: glmer's fixed effects,
# the change per wave of the difference in probability (integrate() over the random intercept, gradient by differences),
# and the odds ratio over persons by the formula of Zeger, Liang and Albert (1988).
# Usage: Rscript make_scales.R      (in this folder; lme4, mice, jsonlite; writes scales_expected.json)
suppressMessages({library(lme4); library(mice); library(jsonlite)})
all <- read.csv(file.path("..", "robustness", "example.csv"), colClasses = c(id = "character"), na.strings = "")
all$treated <- as.integer(all$group == "intervention")
sets <- split(all[all$.imp > 0, ], all$.imp[all$.imp > 0])
pooled <- function(q, u, df) {
  p <- pool.scalar(q, u, n = df + 1, k = 1)
  reach <- qt(.975, p$df) * sqrt(p$t)
  list(estimate = p$qbar, std_error = sqrt(p$t), low = p$qbar - reach, high = p$qbar + reach)
}
frame <- sapply(sets, function(d) {
  l <- do.call(rbind, lapply(0:4, function(t) data.frame(d[c("id", "treated", "education", "partner")], time = t,
                                                         y = d[[paste0("work_any_T", t)]])))
  l$high <- as.integer(l$education != "low"); l$with <- as.integer(l$partner == "yes")
  f <- glmer(y ~ treated * time + high + with + (1 | id), l, binomial, nAGQ = 25,
             control = glmerControl("bobyqa", tolPwrss = 1e-12, optCtrl = list(maxfun = 1e5, rhoend = 1e-9)))
  s <- getME(f, "theta")[[1]]; V <- as.matrix(vcov(f)); first <- l[l$time == 0, ]
  chance <- function(eta) sapply(eta, function(e)
    integrate(function(u) plogis(e + s * u) * dnorm(u), -Inf, Inf, rel.tol = 1e-11)$value)
  change <- function(b) {
    share <- function(arm, at) {
      eta <- b[1] + b[2] * arm + b[3] * at + b[4] * first$high + b[5] * first$with + b[6] * arm * at
      kinds <- unique(eta); mean(chance(kinds)[match(eta, kinds)])
    }
    ((share(1, 4) - share(0, 4)) - (share(1, 0) - share(0, 0))) / 4
  }
  b <- fixef(f); h <- 1e-4
  slope <- sapply(seq_along(b), function(j) (change(b + h * (seq_along(b) == j)) - change(b - h * (seq_along(b) == j))) / (2 * h))
  shrink <- 1 / sqrt(1 + (16 * sqrt(3) / (15 * pi))^2 * s^2)
  c(change(b), drop(t(slope) %*% V %*% slope), b[["treated:time"]] * shrink, V["treated:time", "treated:time"] * shrink^2,
    df.residual(f))
})
odds <- pooled(frame[3, ], frame[4, ], frame[5, 1])
write_json(list(session = capture.output(sessionInfo()), difference = pooled(frame[1, ], frame[2, ], Inf),
                odds_ratio = lapply(odds[c("estimate", "low", "high")], exp)),
           "scales_expected.json", digits = I(15), auto_unbox = TRUE)
