# Rscript real_data.R in.csv out.csv method m seed: y_0, y_1, ... of a wide table imputed by R; prints the CPU seconds.
# norm, pmm: mice on the wide table (norm: logreg for yes/no). 2l: mice on long data, 2l.pan (package pan) for scores
# and 2l.bin (lme4) for yes/no. jomo: package jomo on long data. Long: wave x group free, a random intercept per person.
suppressPackageStartupMessages(library(mice))
a <- commandArgs(TRUE); method <- a[3]; m <- as.integer(a[4]); seed <- as.integer(a[5])
d <- read.csv(a[1], na.strings = "")
waves <- grep("^y_", names(d), value = TRUE); rest <- setdiff(names(d), waves)
yes_no <- all(unlist(d[waves]) %in% c(0, 1, NA))
number <- function(x) if (is.factor(x)) as.numeric(as.character(x)) else as.numeric(x)
n <- nrow(d); T <- length(waves)
long <- d[rep(seq_len(n), each = T), rest, drop = FALSE]
long$wave <- factor(rep(seq_len(T), n))
X <- model.matrix(as.formula(paste("~ wave * arm +", paste(rest, collapse = " + "))), long)
colnames(X) <- make.names(colnames(X))
y <- as.vector(t(as.matrix(d[waves])))
if (yes_no) y <- factor(y)
id <- rep(seq_len(n), each = T)
widened <- function(y) { d[waves] <- matrix(number(y), n, T, byrow = TRUE); d }
set.seed(seed); began <- proc.time()
if (method %in% c("norm", "pmm")) {
  if (yes_no && method == "norm") d[waves] <- lapply(d[waves], factor)
  imp <- mice(d, m = m, maxit = 10, method = if (yes_no && method == "norm") "logreg" else method, printFlag = FALSE)
  sets <- lapply(complete(imp, "all"), function(s) { s[waves] <- lapply(s[waves], number); s })
} else if (method == "2l") {
  both <- data.frame(id = id, y = y, X[, -1])
  who <- matrix(0, ncol(both), ncol(both), dimnames = list(names(both), names(both)))
  who["y", ] <- 1; who["y", "y"] <- 0; who["y", "id"] <- -2
  how <- setNames(rep("", ncol(both)), names(both)); how["y"] <- if (yes_no) "2l.bin" else "2l.pan"
  imp <- mice(both, m = m, maxit = 1, method = how, predictorMatrix = who, printFlag = FALSE)
  sets <- lapply(complete(imp, "all"), function(s) widened(s$y))
} else {
  suppressPackageStartupMessages(library(jomo))
  out <- jomo(data.frame(y = y), X = data.frame(X), clus = data.frame(id = id), nburn = 1000, nbetween = 200,
              nimp = m, output = 0, out.iter = 1e6)
  sets <- lapply(seq_len(m), function(k) widened(out$y[out$Imputation == k]))
}
cat(sum((proc.time() - began)[c("user.self", "sys.self")]), "\n")
write.csv(do.call(rbind, Map(cbind, .imp = seq_len(m), sets)), a[2], row.names = FALSE, na = "")
