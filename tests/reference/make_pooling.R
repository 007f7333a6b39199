# Pools with mice and writes pooling_expected.json: nhanes2 imputed ten times; lm, glm and a model without missing
# values pooled; D1 tests with and without small-sample degrees of freedom; p.adjust.
# Usage: Rscript tests/reference/make_pooling.R      (R, mice, mitml for D1, jsonlite)
suppressMessages({library(mice); library(mitml); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
m <- 10
imp <- mice(nhanes2, m = m, seed = 2024, printFlag = FALSE)
stacked <- complete(imp, "long")
stacked <- with(stacked, data.frame(imp = .imp, age2 = as.integer(age == "40-59"), age3 = as.integer(age == "60-99"),
                                    arm = rep(c(0, 1, 0, 0, 1), 5), bmi = bmi, hyp = as.integer(hyp == "yes"), chl = chl))
write.csv(stacked, file.path(here, "data", "nhanes_imputed.csv"), row.names = FALSE, quote = FALSE)

one <- function(formula, family = NULL) {
  fits <- lapply(seq_len(m), function(i) {
    d <- stacked[stacked$imp == i, ]
    if (is.null(family)) do.call(lm, list(formula, data = d))
    else do.call(glm, list(formula, data = d, family = family, control = glm.control(epsilon = 1e-14, maxit = 100)))
  })
  pooled <- pool(as.mira(fits))
  limits <- summary(pooled, conf.int = TRUE, conf.level = 0.90)
  row <- function(x) unname(as.numeric(x))
  d1 <- function(dropped) {
    reduced <- lapply(fits, function(f) update(f, as.formula(paste(". ~ . -", paste(dropped, collapse = " - ")))))
    small <- D1(as.mira(fits), as.mira(reduced))$result
    large <- mitml::testModels(as.mitml.result(as.mira(fits)), as.mitml.result(as.mira(reduced)), method = "D1")$test
    read <- function(r) list(statistic = r[1, 1], df1 = r[1, 2], df2 = r[1, 3], p_value = r[1, 4], riv = r[1, 5])
    list(dropped = I(dropped), small = read(small), large = read(large))
  }
  terms <- names(coef(fits[[1]]))
  list(formula = deparse(formula), terms = terms, kind = if (is.null(family)) "lm" else "glm",
       dfcom = pooled$pooled$dfcom[1],
       estimates = t(sapply(fits, function(f) row(coef(f)))),
       covariances = lapply(fits, function(f) unname(vcov(f))),
       pooled = lapply(c(estimate = "estimate", ubar = "ubar", b = "b", t = "t", df = "df", riv = "riv",
                         lambda = "lambda", fmi = "fmi"), function(n) row(pooled$pooled[[n]])),
       std_error = row(limits$std.error), statistic = row(limits$statistic), p_value = row(limits$p.value),
       low90 = row(limits[["5 %"]]), high90 = row(limits[["95 %"]]),
       d1 = if (length(terms) > 2) lapply(list(terms[-1], terms[2:3], terms[2]), d1) else list())
}

p <- c(.001, .2, .04, NA, .04, .9, .013)
write_json(list(
  session = capture.output(sessionInfo()),
  models = list(one(chl ~ age2 + age3 + bmi), one(bmi ~ age2 + age3 + hyp), one(hyp ~ bmi + chl, binomial),
                # a complete outcome: nothing between the imputations
                one(age2 ~ arm)),
  adjust = list(p = p, holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH"))),
  file.path(here, "pooling_expected.json"), digits = I(12), auto_unbox = TRUE, null = "null", na = "null")
