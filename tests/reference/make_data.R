# Writes the public data sets of the reference suite as numeric CSV, so that R and Python build the same columns.
# Usage: Rscript tests/reference/make_data.R FOLDER_WITH_BTHEB_AND_BACTERIA
# Needs MASS, lme4, HSAUR3 (toenail, respiratory), mlmRev (Contraception, guPrenat) and brglm2 (endometrial); in
# Debian r-cran-hsaur3, r-cran-mlmrev and r-cran-brglm2. The CSV files are committed, so this is rarely run.
suppressMessages({library(lme4); library(HSAUR3); library(mlmRev); library(brglm2)})
source_folder <- commandArgs(TRUE)[1]
here <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
out <- file.path(dirname(here), "data")
save_as <- function(d, name) write.csv(d, file.path(out, paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
is <- function(x, level) as.integer(x == level)

wide <- read.csv(file.path(source_folder, "btheb.csv"))
names(wide) <- gsub("-", ".", names(wide))
months <- c(2, 3, 5, 8)
long <- do.call(rbind, lapply(months, function(k) data.frame(
  g = wide$id, month = k, bdi = wide[[paste0("bdi.", k, "m")]], pre = wide$bdi.pre,
  treat = is(wide$treatment, "BtheB"), drug = is(wide$drug, "Yes"), long = is(wide$length, ">6m"))))
long <- long[complete.cases(long), ]
save_as(long[order(long$g, long$month), ], "btheb")

bacteria <- read.csv(file.path(source_folder, "bacteria.csv"))
save_as(data.frame(g = as.integer(factor(bacteria$ID)), y = is(bacteria$y, "n"), week = bacteria$week,
                   drug = is(bacteria$trt, "drug"), drugplus = is(bacteria$trt, "drug+")), "bacteria")

# cbpp holds counts; one row per animal gives the same likelihood up to a constant
herd <- lme4::cbpp
animal <- herd[rep(seq_len(nrow(herd)), herd$size), ]
first <- ave(seq_len(nrow(animal)), rep(seq_len(nrow(herd)), herd$size), FUN = seq_along)
save_as(data.frame(g = as.integer(animal$herd), y = as.integer(first <= animal$incidence),
                   p2 = is(animal$period, "2"), p3 = is(animal$period, "3"), p4 = is(animal$period, "4")), "cbpp")

save_as(data.frame(g = as.integer(sleepstudy$Subject), y = sleepstudy$Reaction, days = sleepstudy$Days), "sleepstudy")

curse <- VerbAgg[VerbAgg$btype == "curse", ]
save_as(data.frame(g = as.integer(curse$id), y = is(curse$r2, "Y"), anger = curse$Anger, male = is(curse$Gender, "M"),
                   self = is(curse$situ, "self"), do = is(curse$mode, "do")), "verbagg")

save_as(data.frame(g = as.integer(Contraception$district), y = is(Contraception$use, "Y"), age = Contraception$age,
                   urban = is(Contraception$urban, "Y"), l1 = is(Contraception$livch, "1"),
                   l2 = is(Contraception$livch, "2"), l3 = is(Contraception$livch, "3+")), "contraception")

save_as(with(toenail, data.frame(g = as.integer(patientID), y = is(outcome, "moderate or severe"), time = round(time, 6),
                                 treat = is(treatment, "terbinafine"))), "toenail")

baseline <- respiratory[respiratory$month == "0", ]
after <- respiratory[respiratory$month != "0", ]
save_as(with(after, data.frame(g = as.integer(subject), y = is(status, "good"), month = as.integer(as.character(month)),
        treat = is(treatment, "treatment"), male = is(gender, "male"), age = age, centre2 = is(centre, "2"),
        base = is(baseline$status[match(subject, baseline$subject)], "good"))), "respiratory")

save_as(with(guPrenat, data.frame(g = as.integer(mom), y = is(prenat, "Modern"), old = is(childAge, "3+"),
        b2 = is(birthOrd, "2-3"), b4 = is(birthOrd, "4-6"), b7 = is(birthOrd, "7+"), nospa = is(indig, "NoSpa"),
        spa = is(indig, "Spanish"), prim = is(momEd, "Primary"), sec = is(momEd, "Secondary+"),
        tv = is(TV, "daily"), toilet = is(toilet, "Modern"), ind = round(pcInd81, 6))), "guprenat")

data(endometrial, package = "brglm2")
save_as(data.frame(nv = endometrial$NV, pi = endometrial$PI, eh = endometrial$EH, y = endometrial$HG), "endometrial")
