# The effect at every wave of Beat the Blues: lm and glm per wave on the sets of imputed.csv, pooled by mice; and per set
# the joint covariance of the four effects by stacked estimating equations (influences by sandwich::estfun and bread).
# Usage: Rscript make_waves.R      (in this folder; mice, sandwich, jsonlite; writes waves_expected.json)
suppressPackageStartupMessages({library(mice); library(sandwich); library(jsonlite)})
d <- read.csv("imputed.csv", stringsAsFactors = FALSE)
d$group <- as.integer(d$treatment == "BtheB")
sets <- split(d[d$.imp > 0, ], d$.imp[d$.imp > 0])
exact <- glm.control(epsilon = 1e-14, maxit = 100)
fit <- function(y, wave, x) {
  f <- as.formula(sprintf("%s_%s ~ group + %s_T0 + drug + length", y, wave, y))
  if (y == "bdi") return(lm(f, x))
  start <- coef(glm(f, binomial, x, control = exact))  # glm's covariance is that of the last step but one
  do.call(glm, list(f, binomial, x, start = start, control = exact))
}
result <- list(session = capture.output(sessionInfo()))
for (y in c("bdi", "no_depression")) {
  waves <- paste0("T", if (y == "bdi") 1:4 else c(1, 3, 4))  # no_depression is separated at T2 in one set
  fits <- lapply(sets, function(x) lapply(setNames(waves, waves), function(w) fit(y, w, x)))
  effect <- function(w) {
    q <- sapply(fits, function(f) coef(f[[w]])[["group"]])
    u <- sapply(fits, function(f) vcov(f[[w]])["group", "group"])
    p <- pool.scalar(q, u, n = df.residual(fits[[1]][[w]]) + 1, k = 1)
    list(estimate = p$qbar, std_error = sqrt(p$t), df = p$df)
  }
  joint <- lapply(fits, function(own) {
    influence <- sapply(own, function(f) {
      n <- nobs(f); (estfun(f) %*% bread(f) / n)[, "group"] * sqrt(n / df.residual(f))
    })
    list(estimate = unname(sapply(own, function(f) coef(f)[["group"]])), covariance = unname(crossprod(influence)),
         hc1 = unname(sapply(own, function(f) vcovHC(f, "HC1")["group", "group"])))
  })
  result[[y]] <- list(waves = lapply(setNames(waves, waves), effect), joint = unname(joint),
                      df = df.residual(fits[[1]][[1]]))
}
write_json(result, "waves_expected.json", digits = I(15), auto_unbox = TRUE)
