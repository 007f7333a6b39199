# Firth's method by brglm2 (type AS_mean, which is Firth's penalty for logistic regression); writes firth_expected.json.
# Usage: Rscript tests/reference/make_firth.R        (R, brglm2, jsonlite)
suppressMessages({library(brglm2); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
one <- function(name, file, terms, rows = function(d) d) {
  d <- rows(read.csv(file.path(here, "data", paste0(file, ".csv"))))
  f <- reformulate(terms, "y")
  fit <- glm(f, binomial, d, method = "brglmFit", type = "AS_mean", epsilon = 1e-13, maxit = 5000)
  list(name = name, data = file, terms = c("1", terms), estimate = unname(coef(fit)),
       std_error = unname(sqrt(diag(vcov(fit)))), n = nobs(fit))
}
found <- list(one("endometrial", "endometrial", c("nv", "pi", "eh")),
              one("respiratory", "respiratory", c("treat", "male", "age", "centre2", "base")),
              one("bacteria", "bacteria", c("drug", "drugplus", "week")))
write_json(list(session = capture.output(sessionInfo()), models = found), file.path(here, "firth_expected.json"),
           digits = I(12), auto_unbox = TRUE)
