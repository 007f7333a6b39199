# Simulates counts and ordered classes of 136 persons at five waves and fits them in R.
# Usage: Rscript tests/reference/kinds/make_kinds.R   (R, MASS, lme4, ordinal, sandwich, clubSandwich, jsonlite)
suppressMessages({library(MASS); library(lme4); library(ordinal); library(sandwich); library(clubSandwich); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
set.seed(20261128)
n <- 136; waves <- 0:4
person <- data.frame(person = 1:n, site = sample(1:16, n, TRUE), age = round(rnorm(n, 38, 9)),
                     high = rbinom(n, 1, .35), u = rnorm(n))
person$group <- as.integer(person$site %% 2 == 0)
d <- merge(person, data.frame(wave = waves))
d <- d[order(d$person, d$wave), ]
slope <- -.12 * d$group * d$wave
d$count <- rnbinom(nrow(d), mu = exp(.9 + .5 * d$u + .01 * (d$age - 38) - .2 * d$high - .03 * d$wave + slope), size = 2)
d$even <- rpois(nrow(d), exp(.9 + .6 * d$u - .2 * d$high + slope))
d$huge <- rnbinom(nrow(d), mu = exp(9 + .8 * d$u - .3 * d$group), size = 1.5)
latent <- 1.2 * d$u + .02 * (d$age - 38) + .5 * d$high + .05 * d$wave - 3 * slope + rlogis(nrow(d))
d$class <- findInterval(latent, c(-1.8, -.5, .6, 1.9)) + 1
d$few <- rbinom(nrow(d), 6, plogis(-.8 + .3 * (d$age - 38) / 9 + slope)) # scatters less than Poisson's
d$u <- NULL
write.csv(d, file.path(here, "kinds.csv"), row.names = FALSE)

end <- d[d$wave == 3, ]
first <- d[d$wave == 0, ]
for (name in c("count", "even", "huge", "few", "class")) end[[paste0(name, "_0")]] <- first[[name]][match(end$person, first$person)]
tight <- glm.control(epsilon = 1e-15, maxit = 200)
numbers <- function(b, v, extra = list()) c(list(estimate = unname(b), covariance = unname(as.matrix(v))), extra)
exact <- function(f, data) { # vcov() of a glm belongs to the last step but one; started at its answer, it is the answer
  one <- glm(f, poisson, data, control = tight)
  do.call(glm, list(f, poisson, data, start = coef(one), control = tight))
}

poisson_of <- function(name) {
  m <- exact(as.formula(sprintf("%s ~ group + %s_0 + age + high", name, name)), end)
  numbers(coef(m), vcov(m), list(log_likelihood = as.numeric(logLik(m)), df_residual = df.residual(m),
                                 sites = unname(as.matrix(vcovCR(m, cluster = end$site, type = "CR2"))),
                                 sites_df = coef_test(m, vcov = "CR2", cluster = end$site)$df_Satt))
}
negative_of <- function(name) {
  m <- glm.nb(as.formula(sprintf("%s ~ group + %s_0 + age + high", name, name)), end,
              control = glm.control(epsilon = 1e-15, maxit = 500))
  # theta and coefficients in turn, to the last digit
  for (i in 1:200) {
    theta <- as.numeric(theta.ml(end[[name]], fitted(m), limit = 500, eps = 1e-14))
    m <- glm(formula(m), negative.binomial(theta), end, start = coef(m), control = tight)
  }
  v <- summary(m, dispersion = 1)$cov.scaled
  full <- glm.nb(formula(m), end, init.theta = theta, start = coef(m), control = glm.control(epsilon = 1e-15, maxit = 500))
  meat <- estfun(full)
  sites <- rowsum(meat, end$site)
  numbers(coef(m), v, list(theta = theta, log_likelihood = as.numeric(logLik(full)), df_residual = df.residual(full),
                           robust = unname(v %*% crossprod(sites) %*% v)))
}
mixed_poisson <- function(name) {
  m <- glmer(as.formula(sprintf("%s ~ group * wave + high + (1 | person)", name)), d, poisson, nAGQ = 15,
             control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(maxfun = 1e5, rhoend = 1e-9)))
  numbers(fixef(m), vcov(m), list(terms = names(fixef(m)), random_sd = as.numeric(attr(VarCorr(m)[[1]], "stddev"))))
}
# The likelihood of negative binomial counts with a random intercept, by 61 fixed Gauss-Hermite nodes.
hermite <- function(n) { # Golub and Welsch (1969)
  b <- sqrt(seq_len(n - 1)); j <- matrix(0, n, n); j[cbind(1:(n - 1), 2:n)] <- b; e <- eigen(j + t(j), symmetric = TRUE)
  list(x = e$values, w = e$vectors[1, ]^2)
}
mixed_negative <- function(name) {
  x <- model.matrix(~ group * wave + high, d); y <- d[[name]]; gh <- hermite(61)
  minus <- function(p) {
    eta <- as.vector(x %*% p[1:5]); size <- exp(p[6]); sd <- exp(p[7])
    each <- sapply(gh$x, function(u) rowsum(dnbinom(y, mu = exp(eta + sd * u), size = size, log = TRUE), d$person)[, 1])
    top <- apply(each, 1, max)
    -sum(top + log(as.vector(exp(each - top) %*% gh$w)))
  }
  start <- c(coef(glm(y ~ x - 1, poisson)), log(2), log(.5))
  scale <- c(.1, .1, .05, .1, .05, .1, .1)
  one <- optim(start, minus, method = "BFGS", control = list(reltol = 1e-14, maxit = 500, parscale = scale))
  one <- optim(one$par, minus, method = "BFGS", control = list(reltol = 1e-16, maxit = 500, parscale = scale, ndeps = rep(1e-4, 7)))
  v <- solve(optimHess(one$par, minus, control = list(parscale = scale, ndeps = rep(1e-2, 7))))
  names(one$par) <- NULL
  numbers(one$par[1:5], v[1:5, 1:5], list(terms = colnames(x), theta = exp(one$par[6]), random_sd = exp(one$par[7]),
                                          log_likelihood = -one$value))
}
classes <- {
  end$y <- factor(end$class)
  m <- clm(y ~ group + class_0 + age + high, data = end, control = clm.control(gradTol = 1e-12, maxIter = 200))
  p <- polr(y ~ group + class_0 + age + high, end, Hess = TRUE, control = list(reltol = 1e-15))
  sites <- rowsum(estfun(p), end$site)
  # Brant (1990, Biometrics 46): separate logits, and the covariance of their coefficients of the group
  x <- model.matrix(~ group + class_0 + age + high, end)
  cuts <- sort(unique(end$class))[-1]
  bin <- lapply(cuts, function(cut) glm(end$class >= cut ~ x - 1, binomial, control = tight))
  pi <- sapply(bin, fitted)
  cov_of <- function(j, l) { # j <= l, so that the second event implies the first
    w <- pi[, l] - pi[, j] * pi[, l]
    inv <- function(q) solve(t(x) %*% (x * (pi[, q] * (1 - pi[, q]))))
    (inv(j) %*% t(x) %*% (x * w) %*% inv(l))[2, 2]
  }
  k <- length(cuts)
  v <- outer(1:k, 1:k, Vectorize(function(a, b) cov_of(min(a, b), max(a, b))))
  b <- sapply(bin, function(m) coef(m)[2])
  contrast <- cbind(-1, diag(k - 1))
  difference <- as.vector(contrast %*% b); cd <- contrast %*% v %*% t(contrast)
  numbers(m$beta, vcov(m)[names(m$beta), names(m$beta)],
          list(thresholds = unname(m$alpha), full = unname(vcov(m)), log_likelihood = as.numeric(logLik(m)),
               df_residual = df.residual(m), polr = unname(coef(p)), polr_se = unname(sqrt(diag(vcov(p)))[1:4]),
               robust = unname(vcov(m)[c(names(m$beta), names(m$alpha)), c(names(m$beta), names(m$alpha))] %*%
                               crossprod(sites) %*%
                               vcov(m)[c(names(m$beta), names(m$alpha)), c(names(m$beta), names(m$alpha))]),
               brant = as.numeric(t(difference) %*% solve(cd) %*% difference), brant_df = k - 1))
}
mixed_classes <- {
  d$y <- factor(d$class); d$person <- factor(d$person)
  m <- clmm(y ~ group * wave + high + (1 | person), d, nAGQ = 15, control = clmm.control(gradTol = 1e-8, maxIter = 500))
  v <- vcov(m)[names(m$beta), names(m$beta)]
  numbers(m$beta, v, list(terms = names(m$beta), thresholds = unname(m$alpha), random_sd = as.numeric(m$ST[[1]]),
                          log_likelihood = as.numeric(logLik(m))))
}
out <- list(session = capture.output(sessionInfo()),
            poisson = list(few = poisson_of("few")),
            negative = list(count = negative_of("count"), even = negative_of("even"), huge = negative_of("huge")),
            mixed_poisson = list(count = mixed_poisson("count"), even = mixed_poisson("even"), huge = mixed_poisson("huge")),
            mixed_negative = list(count = mixed_negative("count"), huge = mixed_negative("huge")),
            classes = classes, mixed_classes = mixed_classes)
write_json(out, file.path(here, "kinds_expected.json"), digits = I(14), auto_unbox = TRUE, null = "null", na = "null")
