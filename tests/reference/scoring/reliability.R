# Cronbach's alpha from its definition and McDonald's omega from stats::factanal (one factor, maximum likelihood), on
# answers that are drawn here. Rscript reliability.R writes reliability.csv (answers), reliability.json and the session.
set.seed(20)
n <- 60
factor <- rnorm(n)
loadings <- c(0.9, 0.7, 0.5, 0.8, 0.6, 0.3)
latent <- sapply(loadings, function(l) l * factor + sqrt(1 - l^2) * rnorm(n))
items <- apply(latent, 2, function(x) as.integer(cut(x, c(-Inf, -1, 0, 1, Inf))))
items[3, 2] <- NA
items[10, 5] <- NA
colnames(items) <- paste0("i", 1:6)
write.csv(items, "reliability.csv", row.names = FALSE, na = "")

measure <- function(x) {
  x <- x[complete.cases(x), ]
  k <- ncol(x)
  s <- cov(x)
  fit <- factanal(x, factors = 1, control = list(opt = list(factr = 1e4)))
  scale <- sqrt(diag(s))
  common <- sum(fit$loadings[, 1] * scale)^2
  list(n = nrow(x), alpha = k / (k - 1) * (1 - sum(diag(s)) / sum(s)),
       omega = common / (common + sum(fit$uniquenesses * diag(s))),
       loadings = as.numeric(fit$loadings[, 1] * sign(sum(fit$loadings[, 1]))),
       item_rest = sapply(1:k, function(i) cor(x[, i], rowSums(x[, -i]))))
}
number <- function(x) paste0("[", paste(sprintf("%.12f", x), collapse = ", "), "]")
sets <- list(all = items, three = items[, c(1, 2, 4)])
rows <- sapply(names(sets), function(name) {
  m <- measure(sets[[name]])
  sprintf('  "%s": {"n": %d, "alpha": %.12f, "omega": %.12f, "loadings": %s, "item_rest": %s}',
          name, m$n, m$alpha, m$omega, number(m$loadings), number(m$item_rest))
})
writeLines(c("{", paste(rows, collapse = ",\n"), "}"), "reliability.json")
writeLines(capture.output(sessionInfo()), "sessionInfo.txt")
