# Reference values on real data: Beat the Blues and bacteria as analysed in examples/, and imputations by R's mice.
# Usage: Rscript make_house.R      (in this folder; R, mice, lme4, jsonlite)
# Writes house_expected.json and mice_long.csv.
suppressPackageStartupMessages({library(mice); library(lme4); library(jsonlite)})
examples <- file.path("..", "..", "..", "examples")
wide <- read.csv(file.path(examples, "btheb", "btheb.csv"), stringsAsFactors = TRUE)
names(wide)[5:9] <- paste0("bdi_T", 0:4)
wide$group <- as.integer(wide$treatment == "BtheB")
months <- c(0, 2, 3, 5, 8)
long <- do.call(rbind, lapply(0:4, function(i) data.frame(
  wide[c("id", "group", "drug", "length")], time = months[i + 1], bdi = wide[[paste0("bdi_T", i)]])))

plain <- function(f) {
  s <- coef(summary(f))
  list(term = rownames(s), estimate = s[, 1], std_error = s[, 2], df = df.residual(f), n = nobs(f))
}
pooled <- function(f) {
  s <- summary(pool(f))
  list(term = as.character(s$term), estimate = s$estimate, std_error = s$std.error, df = s$df)
}
exact <- glm.control(epsilon = 1e-14, maxit = 100)
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-10))

complete_case <- lm(bdi_T4 ~ group + bdi_T0 + drug + length, wide)
trend <- lmer(bdi ~ group * time + drug + length + (1 | id), long, control = tight)
bacteria <- read.csv(file.path(examples, "bacteria", "bacteria.csv"), stringsAsFactors = FALSE)
bacteria$trt <- factor(bacteria$trt, c("placebo", "drug", "drug+"))
bacteria$present <- as.integer(bacteria$y == "y")
presence <- glmer(present ~ trt + week + (1 | ID), bacteria, family = binomial,
                  control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(maxfun = 1e5)))

columns <- c("id", "treatment", "drug", "length", paste0("bdi_T", 0:4))
predictors <- make.predictorMatrix(wide[columns]); predictors[, "id"] <- 0
imp <- mice(wide[columns], m = 5, maxit = 5, seed = 2003, predictorMatrix = predictors, printFlag = FALSE)
# As a user of R writes it: with NA for what is missing, and quotes around text.
write.csv(complete(imp, action = "long", include = TRUE), "mice_long.csv", row.names = FALSE)

write_json(list(
  session = capture.output(sessionInfo()),
  complete_case = plain(complete_case),
  trend = c(plain(trend), random_sd = attr(VarCorr(trend)$id, "stddev")[[1]], residual_sd = sigma(trend),
            persons = ngrps(trend)[[1]]),
  bacteria = c(plain(presence), random_sd = attr(VarCorr(presence)$ID, "stddev")[[1]]),
  mice_linear = pooled(with(imp, lm(bdi_T4 ~ I(treatment == "BtheB") + bdi_T0 + drug + length))),
  mice_binary = pooled(with(imp, glm(I(bdi_T4 <= 13) ~ I(treatment == "BtheB") + I(bdi_T0 <= 13) + drug + length,
                                     family = binomial, control = exact)))),
  "house_expected.json", digits = I(15), auto_unbox = TRUE)
