# Check (l) by lmer and glmer on the completed sets of example.csv: time in months over the range of the waves, an effect
# per wave, and a random slope per person; lmer on sleepstudy.csv too. Per set, so that pooling is a matter of its own.
# Usage: Rscript make_trends.R      (in this folder; lme4, mice, jsonlite; writes trends_expected.json)
suppressMessages({library(lme4); library(mice); library(jsonlite)})
all <- read.csv("example.csv", colClasses = c(id = "character"), na.strings = "")
all$treated <- as.integer(all$group == "intervention")
sets <- split(all[all$.imp > 0, ], all$.imp[all$.imp > 0])
months <- c(0, 3, 6, 12, 18)
long <- function(d, y) do.call(rbind, lapply(0:4, function(t) data.frame(
  id = d$id, treated = d$treated, high = as.integer(d$education != "low"), with = as.integer(d$partner == "yes"),
  wave = t, month = months[t + 1] * 4 / 18, y = d[[paste0(y, "_T", t)]])))
linear <- lmerControl("bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-11))
logistic <- glmerControl("bobyqa", tolPwrss = 1e-12, optCtrl = list(maxfun = 1e5, rhoend = 1e-9))
fit <- function(f, d, binary) if (binary) glmer(f, d, binomial, nAGQ = 25, control = logistic) else lmer(f, d, control = linear)
pooled <- function(q, se, dfcom) {
  m <- length(q); ubar <- mean(se^2); b <- var(q); t <- ubar + (1 + 1 / m) * b
  list(estimate = mean(q), std_error = sqrt(t), df = mice:::barnard.rubin(m, b, t, dfcom))
}
one <- function(fits, term) pooled(sapply(fits, function(f) fixef(f)[[term]]), sapply(fits, function(f) sqrt(vcov(f)[term, term])),
                                   df.residual(fits[[1]]))
result <- list()
for (y in c("work_any", "makes_ends_meet", "sf12_mental", "self_efficacy")) {
  binary <- y %in% c("work_any", "makes_ends_meet")
  data <- lapply(sets, long, y)
  own <- list(time = one(lapply(data, function(d) fit(y ~ treated * month + high + with + (1 | id), d, binary)), "treated:month"))
  waves <- lapply(data, function(d) fit(y ~ treated * factor(wave) + high + with + (1 | id), d, binary))
  terms <- paste0("treated:factor(wave)", 1:4)
  own$category <- unname(lapply(waves, function(f) list(
    estimate = unname(fixef(f)[terms]), covariance = unname(as.matrix(vcov(f))[terms, terms]))))
  own$category_df <- df.residual(waves[[1]])
  if (!binary) own$slope <- one(lapply(data, function(d) fit(y ~ treated * wave + high + with + (wave | id), d, FALSE)), "treated:wave")
  result[[y]] <- own
}
sleep <- read.csv(file.path("..", "data", "sleepstudy.csv"))
f <- lmer(y ~ days + (days | g), sleep, control = linear)
result$sleep <- list(estimate = unname(fixef(f)), std_error = unname(sqrt(diag(as.matrix(vcov(f))))), criterion = REMLcrit(f),
                     random_sd = attr(VarCorr(f)$g, "stddev")[[1]], residual_sd = sigma(f), df = df.residual(f))
result$session <- capture.output(sessionInfo())
write_json(result, "trends_expected.json", digits = I(15), auto_unbox = TRUE)
