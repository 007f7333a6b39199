# Errors of the effect by person and by site, on the completed sets of ../robustness/example.csv: clubSandwich on lmer;
# for glmer the same corrections from scores and information by an integral over a dense grid; ICC by analysis of variance.
# Usage: Rscript make_clusters.R      (in this folder; lme4, clubSandwich, mice, jsonlite; writes clusters_expected.json)
suppressMessages({library(lme4); library(clubSandwich); library(mice); library(jsonlite)})
all <- read.csv(file.path("..", "robustness", "example.csv"), colClasses = c(id = "character"), na.strings = "")
all$treated <- as.integer(all$group == "intervention")
sets <- split(all[all$.imp > 0, ], all$.imp[all$.imp > 0])
waves <- 0:4
long <- function(d, y) {
  l <- do.call(rbind, lapply(waves, function(t) data.frame(
    d[c("id", "site", "treated", "education", "partner")], time = t, y = d[[paste0(y, "_T", t)]])))
  l$high <- as.integer(l$education != "low"); l$with <- as.integer(l$partner == "yes")
  l[order(l$id, l$time), ]
}
pooled <- function(q, se, df) {
  m <- length(q); ubar <- mean(se^2); b <- var(q); t <- ubar + (1 + 1 / m) * b
  nu <- mice:::barnard.rubin(m, b, t, mean(df))
  list(estimate = mean(q), std_error = sqrt(t), df = nu, p_value = 2 * pt(-abs(mean(q)) / sqrt(t), nu))
}
# Analysis of variance of one value per person; every site lies in one arm.
icc <- function(e, site, treated) {
  n <- tapply(e, site, length); arm <- tapply(treated, site, mean)
  ms <- anova(lm(e ~ treated), lm(e ~ treated + site))
  between <- ms[["Sum of Sq"]][2] / ms[["Df"]][2]; within <- ms[["RSS"]][2] / ms[["Res.Df"]][2]
  n0 <- sum(tapply(n, arm, function(k) sum(k) - sum(k^2) / sum(k))) / ms[["Df"]][2]
  (between - within) / (between + (n0 - 1) * within)
}
root <- function(M, power) { e <- eigen((M + t(M)) / 2); e$vectors %*% diag(e$values^power) %*% t(e$vectors) }

linear <- function(y) {
  frame <- sapply(sets, function(d) {
    l <- long(d, y)
    f <- lmer(y ~ treated * time + high + with + (1 | id), l,
              control = lmerControl("bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-11)))
    s <- coef_test(f, vcov = "CR2", cluster = l$site, test = "Satterthwaite")["treated:time", ]
    p <- sqrt(as.matrix(vcovCR(f, cluster = l$id, type = "CR1"))["treated:time", "treated:time"])
    e <- l$y - drop(getME(f, "X") %*% fixef(f)); centred <- waves - mean(waves)
    slope <- tapply(seq_along(e), l$id, function(i) sum(centred * e[i]) / sum(centred^2))
    first <- l[l$time == 0, ]
    c(s$beta, p, s$SE, s$df_Satt, icc(slope[first$id], first$site, first$treated))
  })
  list(persons = pooled(frame[1, ], frame[2, ], rep(length(unique(all$id)) - 1, length(sets))),
       sites = pooled(frame[1, ], frame[3, ], frame[4, ]), icc = mean(frame[5, ]))
}

# Log-likelihood, score and information per person with a trapezium rule over the random intercept.
grid <- seq(-9, 9, length.out = 901)
logistic <- function(y) {
  frame <- sapply(sets, function(d) {
    l <- long(d, y); persons <- unique(l$id); rows <- split(seq_len(nrow(l)), l$id)[persons]
    f <- glmer(y ~ treated * time + high + with + (1 | id), l, binomial, nAGQ = 25,
               control = glmerControl("bobyqa", tolPwrss = 1e-12, optCtrl = list(maxfun = 1e5, rhoend = 1e-9)))
    X <- getME(f, "X"); k <- ncol(X)
    by_person <- function(theta) t(sapply(rows, function(i) {
      eta <- outer(drop(X[i, , drop = FALSE] %*% theta[1:k]), theta[k + 1] * grid, "+"); p <- plogis(eta)
      value <- colSums(dbinom(l$y[i], 1, p, log = TRUE)) + dnorm(grid, log = TRUE)
      w <- exp(value - max(value)); w <- w / sum(w); rest <- l$y[i] - p
      c(t(X[i, , drop = FALSE]) %*% (rest %*% w), sum(w * grid * colSums(rest)))
    }))
    hessians <- function(theta) {
      h <- 1e-4
      sapply(seq_along(theta), function(j) {
        step <- replace(numeric(k + 1), j, h)
        (8 * (by_person(theta + step) - by_person(theta - step)) - by_person(theta + 2 * step) +
           by_person(theta - 2 * step)) / (12 * h)
      }, simplify = "array")
    }
    theta <- c(fixef(f), getME(f, "theta"))
    for (round in 1:3) {
      whole <- -apply(hessians(theta), c(2, 3), sum)
      theta <- theta + drop(solve(whole, colSums(by_person(theta))))
    }
    scores <- by_person(theta); information <- -hessians(theta)
    V <- solve(apply(information, c(2, 3), sum)); G <- length(persons)
    person <- V %*% crossprod(scores) %*% V * G / (G - 1)
    first <- l[l$time == 0, ]; sites <- unique(first$site); F <- root(V, 1 / 2)
    own <- lapply(sites, function(s) {
      i <- which(first$site == s)
      K <- F %*% apply(information[i, , , drop = FALSE], c(2, 3), sum) %*% F
      A <- root(diag(k + 1) - K, -1 / 2)
      list(part = F %*% A %*% F %*% colSums(scores[i, , drop = FALSE]), K = K, u = (A %*% F)[, which(names(fixef(f)) == "treated:time")])
    })
    j <- which(names(fixef(f)) == "treated:time")
    variance <- sum(sapply(own, function(o) o$part[j])^2)
    P <- sapply(own, function(o) sapply(own, function(q) -sum((o$K %*% o$u) * (q$K %*% q$u))))
    diag(P) <- diag(P) + sapply(own, function(o) sum(o$u * (o$K %*% o$u)))
    c(theta[j], sqrt(person[j, j]), sqrt(variance), sum(diag(P))^2 / sum(P^2))
  })
  list(persons = pooled(frame[1, ], frame[2, ], rep(length(unique(all$id)) - 1, length(sets))),
       sites = pooled(frame[1, ], frame[3, ], frame[4, ]))
}

endpoint_icc <- function(y, binary) mean(sapply(sets, function(d) {
  d$high <- as.integer(d$education != "low"); d$y <- d[[paste0(y, "_T3")]]; d$y0 <- d[[paste0(y, "_T0")]]
  f <- if (binary) glm(y ~ treated + y0 + high + with, binomial, transform(d, with = partner == "yes"))
       else lm(y ~ treated + y0 + high + with, transform(d, with = partner == "yes"))
  icc(d$y - fitted(f), d$site, d$treated)
}))

write_json(list(
  session = capture.output(sessionInfo()),
  linear = list(sf12_mental = linear("sf12_mental"), self_efficacy = linear("self_efficacy")),
  logistic = list(work_any = logistic("work_any"), makes_ends_meet = logistic("makes_ends_meet")),
  endpoint_icc = list(sf12_mental = endpoint_icc("sf12_mental", FALSE), work_any = endpoint_icc("work_any", TRUE))),
  "clusters_expected.json", digits = I(15), auto_unbox = TRUE)
