# Two-stage least squares on the sets of imputed.csv: closed form (AER's ivreg with sandwich's HC1 is the same), checked
# against the ratio of two least-squares coefficients, which it equals with one instrument; pooled by mice. Who received
# is made up: of the intervention group all but every fourth id, of the comparison group every ninth; so are sites, ten of
# each group by the last digit of the id. Errors by site are clubSandwich's of the regression on what the first stage
# projects: with the fitted values plus the residuals of two-stage least squares as response, its residuals are those (they
# are orthogonal to the projection). On ivreg clubSandwich gives the same.
# Usage: Rscript make_compliers.R   (in this folder; mice, sandwich, clubSandwich, jsonlite; writes compliers_expected.json)
suppressPackageStartupMessages({library(mice); library(sandwich); library(clubSandwich); library(jsonlite)})
d <- read.csv("imputed.csv", stringsAsFactors = FALSE)
d$group <- as.integer(d$treatment == "BtheB")
d$received <- as.integer(ifelse(d$group == 1, d$id %% 4 != 0, d$id %% 9 == 0))
d$site <- 100 * d$group + d$id %% 10
by_site <- function(fit, x, term) unlist(as.data.frame(coef_test(fit, vcov = "CR2", cluster = x$site))[term, c("SE", "df_Satt")])
sets <- split(d[d$.imp > 0, ], d$.imp[d$.imp > 0])
one <- function(x, y) {
  f <- as.formula(sprintf("%s_T4 ~ group + %s_T0 + drug + length", y, y))
  itt <- lm(f, x); first <- lm(update(f, received ~ .), x)
  X <- model.matrix(update(f, . ~ . - group + received), x); Z <- model.matrix(f, x); v <- x[[paste0(y, "_T4")]]
  P <- Z %*% solve(crossprod(Z), crossprod(Z, X))
  b <- solve(crossprod(P), crossprod(P, v)); e <- as.vector(v - X %*% b); n <- nrow(X); k <- ncol(X)
  V <- solve(crossprod(P)) %*% crossprod(P * e) %*% solve(crossprod(P)) * n / (n - k)
  stopifnot(all.equal(unname(b["received", 1]), unname(coef(itt)["group"] / coef(first)["group"])))
  y_of <- as.vector(P %*% b) + e; colnames(P) <- gsub("[^A-Za-z0-9_]", "", colnames(P))
  second <- lm(y_of ~ 0 + ., data.frame(P, y_of))
  rbind(received = c(b["received", 1], V["received", "received"], by_site(second, x, "received")),
        assigned = c(coef(itt)[["group"]], vcovHC(itt, "HC1")["group", "group"], by_site(itt, x, "group")),
        uptake = c(coef(first)[["group"]], vcovHC(first, "HC1")["group", "group"], by_site(first, x, "group")))
}
result <- list(session = capture.output(sessionInfo()))
for (y in c("bdi", "no_depression")) {
  own <- lapply(sets, one, y = y)
  result[[y]] <- lapply(setNames(nm = rownames(own[[1]])), function(term) {
    p <- pool.scalar(sapply(own, `[`, term, 1), sapply(own, `[`, term, 2), n = nrow(sets[[1]]), k = 5)
    q <- pool.scalar(sapply(own, `[`, term, 1), sapply(own, `[`, term, 3)^2)
    df <- mice:::barnard.rubin(length(own), q$b, q$t, mean(sapply(own, `[`, term, 4)))
    list(estimate = p$qbar, std_error = sqrt(p$t), df = p$df, std_error_sites = sqrt(q$t), df_sites = df)
  })
}
write_json(result, "compliers_expected.json", digits = I(15), auto_unbox = TRUE)
