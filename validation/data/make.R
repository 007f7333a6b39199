# Writes toenail.csv and respiratory.csv, one row per person, from the R package HSAUR3 (GPL; the data are facts):
# Rscript make.R FOLDER. Toenail: De Backer and others (1998); respiratory: Koch and others (1990).
suppressMessages(library(HSAUR3))
wide <- function(person, wave, y) unclass(tapply(y, list(person, wave), function(x) x[1]))
save_as <- function(d, name) write.csv(d, file.path(commandArgs(TRUE)[1], name), row.names = FALSE, quote = FALSE, na = "")
named <- function(y) { colnames(y) <- paste0("y_", seq_len(ncol(y)) - 1); y }
t <- toenail[order(toenail$patientID, toenail$visit), ]
first <- t[!duplicated(t$patientID), ]
save_as(data.frame(arm = as.integer(first$treatment == "terbinafine"),
                   named(wide(t$patientID, t$visit, as.integer(t$outcome == "moderate or severe")))), "toenail.csv")
r <- respiratory[order(respiratory$subject, respiratory$month), ]
first <- r[!duplicated(r$subject), ]
save_as(data.frame(arm = as.integer(first$treatment == "treatment"), male = as.integer(first$gender == "male"),
                   age = first$age, centre2 = as.integer(first$centre == "2"),
                   named(wide(r$subject, r$month, as.integer(r$status == "good")))), "respiratory.csv")
