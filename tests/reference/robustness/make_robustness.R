# Robustness checks (b), (c), (h), (i) and (j) by lm, glm, lmer, sandwich and clubSandwich on the sets of make_data.py.
# Usage: Rscript make_robustness.R      (in this folder; writes robustness_expected.json and sessionInfo.txt)
suppressMessages({library(lme4); library(clubSandwich); library(sandwich); library(mice); library(jsonlite)})

exact <- glm.control(epsilon = 1e-14, maxit = 100)
fit <- function(formula, data, binary, weights = NULL) {
  data$.w <- if (is.null(weights)) rep(1, nrow(data)) else weights
  if (!binary) return(if (is.null(weights)) lm(formula, data) else lm(formula, data, weights = .w))
  # Fitted twice: glm's covariance is that of the last step but one.
  start <- suppressWarnings(coef(glm(formula, binomial, data, weights = .w, control = exact)))
  suppressWarnings(do.call(glm, list(formula, binomial, data, weights = data$.w, start = start, control = exact)))
}

# Rubin's rules with Barnard-Rubin degrees of freedom, given complete-data degrees of freedom.
pooled <- function(q, se, dfcom) {
  m <- length(q); ubar <- mean(se^2); b <- var(q); t <- ubar + (1 + 1 / m) * b
  list(estimate = mean(q), std_error = sqrt(t), df = mice:::barnard.rubin(m, b, t, mean(dfcom)))
}

# Firth's method by maximising the penalised likelihood, without scores or weights of its own.
firth <- function(formula, data) {
  X <- model.matrix(formula, data); y <- model.response(model.frame(formula, data))
  information <- function(b) { p <- plogis(drop(X %*% b)); crossprod(X * (p * (1 - p)), X) }
  value <- function(b) -(sum(dbinom(y, 1, plogis(drop(X %*% b)), log = TRUE)) + determinant(information(b))$modulus / 2)
  # Columns of unit spread, so that the optimiser's steps fit all of them.
  s <- apply(X, 2, function(x) if (sd(x) > 0) sd(x) else 1)
  best <- list(par = rep(0, ncol(X)))
  for (round in 1:4)
    best <- optim(best$par, function(b) value(b / s), method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))
  b <- best$par / s
  c(b[colnames(X) == "treated"], sqrt(diag(solve(information(b))))[colnames(X) == "treated"])
}

run <- function(name, prepare, waves, months, endpoint, outcomes, controls, covariates) {
  all <- prepare(read.csv(paste0(name, ".csv"), colClasses = c(id = "character"), na.strings = ""))
  observed <- all[all$.imp == 0, ]
  sets <- split(all[all$.imp > 0, ], all$.imp[all$.imp > 0])
  base <- paste0("_", waves[1]); end <- paste0("_", endpoint)
  result <- list()
  for (y in names(outcomes)) {
    binary <- outcomes[[y]]
    right <- paste(c("treated", controls), collapse = " + ")
    model <- as.formula(paste0(y, end, " ~ ", right, " + ", y, base))
    own <- list()
    if (!binary) {
      change <- as.formula(paste0("I(", y, end, " - ", y, base, ") ~ ", right))
      fits <- lapply(sets, function(d) summary(lm(change, d)))
      own$b <- pooled(sapply(fits, function(f) f$coefficients["treated", 1]),
                      sapply(fits, function(f) f$coefficients["treated", 2]), sapply(fits, function(f) f$df[2]))
    }
    seen <- fit(model, observed, binary)
    own$c <- list(estimate = coef(seen)[["treated"]], std_error = sqrt(vcov(seen)["treated", "treated"]),
                  df = if (binary) NA else df.residual(seen))
    long <- do.call(rbind, lapply(seq_along(waves), function(i)
      data.frame(observed[c("id", "treated", controls)], time = months[i], y = observed[[paste0(y, "_", waves[i])]])))
    trend <- as.formula(paste("y ~ treated * time +", paste(controls, collapse = " + "), "+ (1 | id)"))
    # With its default tolerances glmer stops visibly before the optimum.
    tight <- glmerControl("bobyqa", tolPwrss = 1e-12, optCtrl = list(maxfun = 1e5, rhoend = 1e-9))
    mixed <- if (binary) glmer(trend, long, binomial, control = tight) else lmer(trend, long, REML = TRUE)
    own$c_trend <- list(estimate = fixef(mixed)[["treated:time"]],
                        std_error = sqrt(vcov(mixed)["treated:time", "treated:time"]))
    tests <- lapply(sets, function(d) {
      f <- fit(model, d, binary)
      coef_test(f, vcov = "CR2", cluster = d$site, test = "Satterthwaite", coefs = "treated")
    })
    frame <- sapply(tests, function(x) c(x$beta, x$SE, x$df_Satt))
    own$h <- pooled(frame[1, ], frame[2, ], frame[3, ])
    own$h_sets <- list(std_error = frame[2, ], df = frame[3, ])
    score <- as.formula(paste("treated ~", paste(c(covariates, paste0(y, base)), collapse = " + ")))
    for (kind in c("overlap", "inverse")) {
      weighted <- sapply(sets, function(d) {
        p <- fitted(glm(score, binomial, d, control = exact))
        w <- if (kind == "overlap") ifelse(d$treated == 1, 1 - p, p) else 1 / ifelse(d$treated == 1, p, 1 - p)
        f <- fit(model, d, binary, w)
        c(coef(f)[["treated"]], sqrt(vcovHC(f, type = "HC3")["treated", "treated"]), df.residual(f))
      })
      own[[paste0("i_", kind)]] <- pooled(weighted[1, ], weighted[2, ], weighted[3, ])
    }
    if (binary) {
      found <- sapply(sets, function(d) firth(model, d))
      own$j <- pooled(found[1, ], found[2, ], nrow(sets[[1]]) - length(coef(seen)))
    }
    # The lowest and the highest estimate without one site, over the pooled estimates.
    without <- sapply(sort(unique(observed$site)), function(s)
      mean(sapply(sets, function(d) coef(fit(model, d[d$site != s, ], binary))[["treated"]])))
    own$h_range <- list(lowest = min(without), highest = max(without))
    result[[y]] <- own
  }
  result
}

months <- c(0, 2, 3, 5, 8)
expected <- list(
  btheb = run("btheb", function(d) { d$treated <- as.numeric(d$treatment == "BtheB"); d }, paste0("T", 0:4), months,
              "T4", list(bdi = FALSE, no_depression = TRUE), c("drug", "length"), c("drug", "length")),
  example = run("example", function(d) {
                d$treated <- as.numeric(d$group == "intervention"); d$educated <- as.numeric(d$education != "low"); d },
              paste0("T", 0:4), 0:4, "T3",
              list(work_any = TRUE, makes_ends_meet = TRUE, sf12_mental = FALSE, self_efficacy = FALSE),
              c("educated", "partner"), c("educated", "partner", "age"))
)
write_json(expected, "robustness_expected.json", digits = I(15), auto_unbox = TRUE, pretty = TRUE, na = "null")
writeLines(capture.output(sessionInfo()), "sessionInfo.txt")
