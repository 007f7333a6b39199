# Trends of Beat the Blues over the actual months of each interview, made up as the planned month plus (id modulo 5 - 2) / 4:
# lmer and glmer on the sets of imputed.csv, pooled by mice.
# Usage: Rscript make_times.R   (in this folder; mice, lme4, jsonlite; writes times_expected.json)
suppressPackageStartupMessages({library(mice); library(lme4); library(jsonlite)})
d <- read.csv("imputed.csv", stringsAsFactors = FALSE)
d$group <- as.integer(d$treatment == "BtheB")
sets <- split(d[d$.imp > 0, ], d$.imp[d$.imp > 0])
long <- function(x, y) {
  w <- reshape(x[, c("id", "group", paste0(y, "_T", 0:4))], direction = "long", idvar = "id",
               varying = paste0(y, "_T", 0:4), v.names = "y", timevar = "place", times = 1:5)
  w$time <- c(0, 2, 3, 5, 8)[w$place] + ifelse(w$place > 1, (w$id %% 5 - 2) / 4, 0); w[order(w$id, w$time), ]
}
trend <- function(y, fit) {
  fits <- lapply(sets, function(x) fit(y ~ group * time + (1 | id), long(x, y)))
  p <- pool.scalar(sapply(fits, function(f) fixef(f)[["group:time"]]),
                   sapply(fits, function(f) as.matrix(vcov(f))["group:time", "group:time"]), n = df.residual(fits[[1]]) + 1, k = 1)
  list(estimate = p$qbar, std_error = sqrt(p$t), df = p$df)
}
linear <- function(f, x) lmer(f, x, control = lmerControl("bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5)))
mixed <- function(f, x) glmer(f, x, binomial, control = glmerControl("bobyqa", tolPwrss = 1e-10, optCtrl = list(maxfun = 1e5)))
result <- list(session = capture.output(sessionInfo()), bdi = trend("bdi", linear),
               no_depression = trend("no_depression", mixed))
write_json(result, "times_expected.json", digits = I(15), auto_unbox = TRUE)
