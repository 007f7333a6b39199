# Powers by R's own functions; run in this folder: Rscript make_power.R
rows <- list()
for (p in list(c(.05, .18), c(.30, .45), c(.80, .95), c(.5, .1)))
  for (n in c(30, 88, 200)) {
    t <- power.prop.test(n = n, p1 = p[1], p2 = p[2], strict = FALSE)
    rows[[length(rows) + 1]] <- list(kind = "proportions", a = p[1], b = p[2], n = n, power = t$power)
  }
for (d in c(.2, .4, .8)) for (n in c(20, 64, 150)) {
  t <- power.t.test(n = n, delta = d, sd = 1, strict = TRUE)
  rows[[length(rows) + 1]] <- list(kind = "means", a = d, b = NA, n = n, power = t$power)
}
writeLines(jsonlite::toJSON(rows, auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null"), "power_expected.json")
writeLines(capture.output(sessionInfo()), "sessionInfo.txt")
