# Check (m): partial R2 by anova, risk ratios with numeric derivatives, pooled by Rubin's rules, and the closed forms of
# E-values (VanderWeele and Ding 2017) and robustness values (Cinelli and Hazlett 2020). EValue and sensemakr are not in
# Debian; their published examples stand in test_confounding_r.py.
# Usage: Rscript make_confounding.R      (in this folder; mice, jsonlite; writes confounding_expected.json)
suppressMessages({library(mice); library(jsonlite)})
all <- read.csv("example.csv", colClasses = c(id = "character"), na.strings = "")
all$group <- as.integer(all$group == "intervention")
all$education <- as.integer(all$education != "low"); all$partner <- as.integer(all$partner == "yes")
sets <- split(all[all$.imp > 0, ], all$.imp[all$.imp > 0])
pooled <- function(q, se, dfcom) {
  m <- length(q); ubar <- mean(se^2); b <- var(q); t <- ubar + (1 + 1 / m) * b
  list(estimate = mean(q), std_error = sqrt(t), df = mice:::barnard.rubin(m, b, t, dfcom), ubar = ubar)
}
e <- function(r) { r <- max(r, 1 / r); r + sqrt(r * (r - 1)) }
limit <- function(lo, hi) if (lo <= 1 && hi >= 1) 1 else if (lo > 1) e(lo) else e(hi)
controls <- c("education", "partner")
result <- list()
for (y in c("sf12_mental", "self_efficacy")) {
  base <- paste0(y, "_T0"); right <- c("group", base, controls)
  fits <- lapply(sets, function(d) lm(reformulate(right, paste0(y, "_T3")), d))
  p <- pooled(sapply(fits, function(f) coef(f)[["group"]]), sapply(fits, function(f) sqrt(vcov(f)["group", "group"])),
              df.residual(fits[[1]]))
  df <- df.residual(fits[[1]]); f <- abs(p$estimate) / sqrt(p$ubar) / sqrt(df)
  need <- qt(.975, p$df) * p$std_error / sqrt(p$ubar) / sqrt(df - 1)
  rv <- function(x) if (x <= 0) 0 else (sqrt(x^4 + 4 * x^2) - x^2) / 2
  r2 <- sapply(c(base, controls), function(z) {
    rest <- setdiff(right, z)
    c(outcome = mean(sapply(seq_along(sets), function(i)
        1 - deviance(fits[[i]]) / deviance(lm(reformulate(rest, paste0(y, "_T3")), sets[[i]])))),
      group = mean(sapply(sets, function(d)
        1 - deviance(lm(reformulate(setdiff(right, "group"), "group"), d)) /
            deviance(lm(reformulate(setdiff(rest, "group"), "group"), d)))))
  })
  result[[y]] <- list(partial_r2 = f^2 / (1 + f^2), robustness_value = rv(f), robustness_value_limit = rv(f - need),
                      strengths = as.list(as.data.frame(r2)))
}
for (y in c("work_any", "makes_ends_meet")) {
  base <- paste0(y, "_T0"); right <- c("group", base, controls)
  fits <- lapply(sets, function(d) {
    f <- reformulate(right, paste0(y, "_T3")); c0 <- glm.control(epsilon = 1e-14, maxit = 100)
    start <- coef(glm(f, binomial, d, control = c0)); do.call(glm, list(f, binomial, d, start = start, control = c0)) })
  ratio <- sapply(seq_along(sets), function(i) {
    X1 <- X0 <- model.matrix(fits[[i]]); X1[, "group"] <- 1; X0[, "group"] <- 0
    g <- function(b) log(mean(plogis(X1 %*% b)) / mean(plogis(X0 %*% b)))
    b <- coef(fits[[i]])
    d <- sapply(seq_along(b), function(j) { h <- 1e-5; s <- replace(0 * b, j, h); (g(b + s) - g(b - s)) / (2 * h) })
    c(g(b), sqrt(drop(t(d) %*% vcov(fits[[i]]) %*% d)))
  })
  p <- pooled(ratio[1, ], ratio[2, ], Inf); ci <- exp(p$estimate + c(-1, 1) * qt(.975, p$df) * p$std_error)
  o <- pooled(sapply(fits, function(f) coef(f)[["group"]]), sapply(fits, function(f) sqrt(vcov(f)["group", "group"])),
              df.residual(fits[[1]]))
  share <- mean(sapply(sets, function(d) mean(d[[paste0(y, "_T3")]])))
  power <- if (share < .15) 1 else .5
  oi <- exp(power * (o$estimate + c(0, -1, 1) * qt(.975, o$df) * o$std_error))
  result[[y]] <- list(risk_ratio = exp(p$estimate), low = ci[1], high = ci[2], e_value_risk_ratio = e(exp(p$estimate)),
                      e_limit_risk_ratio = limit(ci[1], ci[2]), e_value_odds_ratio = e(oi[1]),
                      e_limit_odds_ratio = limit(oi[2], oi[3]))
}
result$session <- capture.output(sessionInfo())
write_json(result, "confounding_expected.json", digits = I(15), auto_unbox = TRUE)
