# Fits every model of models.json in R and writes models_expected.json beside it.
# Usage: Rscript tests/reference/make_models.R    (R, lme4, lmerTest, jsonlite; about two minutes)
# lme4 runs under tight control: at its stock tolerances it is off by hundredths of a standard error, and sometimes
# more (lme4 issue 289).
suppressMessages({library(lme4); library(lmerTest); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
models <- fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)
tables <- list()
rows_of <- function(m) {
  if (is.null(tables[[m$data]])) tables[[m$data]] <<- read.csv(file.path(here, "data", paste0(m$data, ".csv")))
  d <- tables[[m$data]]
  for (column in names(m$where)) d <- d[d[[column]] == m$where[[column]], ]
  d
}
term <- function(t) if (t == "age:age") "I(age^2)" else if (grepl(":", t)) sprintf("I(%s)", sub(":", "*", t)) else t

# vcov() of a glm belongs to the last step but one; started at its own answer, the last step is the answer.
exact_glm <- function(f, d, w) {
  run <- function(start) do.call(glm, list(f, data = d, weights = w, family = binomial, start = start,
                                           control = glm.control(epsilon = 1e-14, maxit = 100)))
  run(coef(run(NULL)))
}

fit <- function(m, d) {
  f <- paste(m$response, "~", paste(sapply(m$terms, term), collapse = " + "))
  if (m$kind %in% c("lmer", "glmer")) f <- paste(f, "+ (1 | g)")
  f <- as.formula(f)
  w <- if (is.null(m$weights)) NULL else d[[m$weights]]
  switch(m$kind,
    lm = do.call(lm, list(f, data = d, weights = w)),
    glm = exact_glm(f, d, w),
    lmer = lmerTest::lmer(f, d, REML = m$reml,
                          control = lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-10))),
    glmer = lme4::glmer(f, d, family = binomial, nAGQ = m$nodes,
                        control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(maxfun = 1e5))))
}

answer <- function(m) {
  d <- rows_of(m)
  notes <- character()
  keep <- function(w) { notes <<- c(notes, conditionMessage(w)); tryInvokeRestart("muffleWarning") }
  model <- withCallingHandlers(fit(m, d), warning = keep)
  mixed <- m$kind %in% c("lmer", "glmer")
  estimate <- if (mixed) fixef(model) else coef(model)
  covariance <- withCallingHandlers(as.matrix(vcov(model)), warning = keep)
  list(name = m$name, n = nobs(model), estimate = unname(estimate), std_error = unname(sqrt(diag(covariance))),
       covariance = unname(covariance),
       df = if (m$kind == "lmer") unname(coef(summary(model, ddf = "Satterthwaite"))[, "df"]),
       df_residual = df.residual(model), log_likelihood = as.numeric(logLik(model)),
       random_sd = if (mixed) as.numeric(attr(VarCorr(model)[[1]], "stddev")),
       residual_sd = if (m$kind %in% c("lm", "lmer")) sigma(model),
       singular = if (mixed) isSingular(model) else FALSE, warnings = I(as.character(notes)))
}

found <- lapply(models, function(m) { cat(m$name, "\n", file = stderr()); answer(m) })
# 12 digits: more than the tolerance of any test, fewer than what differs between linear algebra libraries
write_json(list(session = capture.output(sessionInfo()), models = found), file.path(here, "models_expected.json"),
           digits = I(12), auto_unbox = TRUE, null = "null", na = "null")
