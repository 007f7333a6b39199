# The whole analysis of a study, from answers and register records to the report; stops at the first step that
# fails. The same steps as scripts/rerun.sh, each of them every time. A step without a usable answer is no failure: the
# others are run, and the end is 1, as that step's was.
# usage: powershell -ExecutionPolicy Bypass -File scripts\rerun.ps1 -Survey answers.csv -Study study.toml -Results out
#        [-Records G:\Spolis\SPOLISBUS -Link link.csv] [-Register register.parquet] [-M 50] [-Dnt C:\path\to\dnt.exe]
param(
    [Parameter(Mandatory = $true)][string]$Survey,
    [Parameter(Mandatory = $true)][string]$Study,
    [Parameter(Mandatory = $true)][string]$Results,
    [string]$Records = "",
    [string]$Link = "",
    [string]$Register = "",
    [int]$M = 0,
    [string]$Dnt = "dnt"
)
$ErrorActionPreference = "Stop"
# Tables hold dashes and accents, which the Windows code page would mangle.
$env:PYTHONUTF8 = "1"
$encoding = New-Object System.Text.UTF8Encoding $false
[Console]::OutputEncoding = $encoding
$script:without = @()  # steps that gave no usable answer
New-Item -ItemType Directory -Force -Path $Results | Out-Null

function Invoke-Dnt([string]$Table, [string[]]$Arguments) {
    Write-Host "dnt $($Arguments[0]) ..."
    # What a program says on standard error is no failure; its exit code is.
    $ErrorActionPreference = "Continue"
    $lines = & $Dnt @Arguments
    $code = $LASTEXITCODE
    $ErrorActionPreference = "Stop"
    $target = Join-Path (Resolve-Path $Results) "$Table.txt"
    [System.IO.File]::WriteAllLines($target, [string[]]@($lines), $encoding)
    if ($code -eq 1) {
        Write-Host "dnt $($Arguments[0]): done, but without a usable answer; $target says why."
        $script:without += $target
    } elseif ($code -ne 0) {
        Write-Host "dnt $($Arguments[0]) ended with $code; the message above says why."
        exit $code
    }
}
function Get-Target([string]$Name) { Join-Path $Results $Name }

$answers = Get-Target "survey.parquet"
$imputed = Get-Target "imputed.parquet"
$more = @()
if (($Records -eq "") -ne ($Link -eq "")) {
    Write-Host "Records and Link go together."
    exit 2
}
Invoke-Dnt "check" @("study", "check", $Study, $Survey)
Invoke-Dnt "survey" @("convert", $Survey, "--study", $Study, "-o", $answers, "--force", "-q")
if ($Records -ne "") {
    $Register = Get-Target "register.parquet"
    Invoke-Dnt "register" @("polis", $Records, "--link", $Link, "--study", $Study, "-o", $Register, "--force", "-q")
}
if ($Register -ne "") { $more += @("--register", $Register) }
if ($M -gt 0) { $more += @("-m", "$M") }
Invoke-Dnt "describe" @("describe", $answers, "-o", (Get-Target "description.parquet"), "--figures", (Get-Target "figures"), "--force", "-q")
Invoke-Dnt "impute" (@("impute", $answers) + $more + @("-o", $imputed, "--force", "-q"))
$t3 = Get-Target "t3.parquet"
$longitudinal = Get-Target "longitudinal.parquet"
Invoke-Dnt "t3" @("fit-t3", $imputed, "-o", $t3, "--force", "-q")
Invoke-Dnt "longitudinal" @("fit-longitudinal", $imputed, "-o", $longitudinal, "--force", "-q")
Invoke-Dnt "robustness" @("robustness", $imputed, "-o", (Get-Target "robustness.parquet"), "--force", "-q")
Invoke-Dnt "imputed" @("show", $imputed, "--figure", (Get-Target "imputed.svg"), "--force", "-q")
Invoke-Dnt "effects" @("show", $t3, $longitudinal, "--figure", (Get-Target "effects.svg"), "--force", "-q")
$files = @($t3, $longitudinal, (Get-Target "robustness.parquet"), (Get-Target "description.parquet"))
if ($Register -ne "") { $files += $Register }
$files += $imputed
Invoke-Dnt "report" (@("report") + $files + @("-o", (Get-Target "report.docx"), "--force", "-q"))
Invoke-Dnt "page" (@("report") + $files + @("-o", (Get-Target "report.html"), "--force", "-q"))
Write-Host "Done: the report is $Results\report.docx and, for a browser, $Results\report.html."
Write-Host "The tables are in $Results\*.txt, the figures in $Results\*.svg and $Results\figures."
foreach ($target in $script:without) { Write-Host "No usable answer: $target says why." }
if ($script:without.Count -gt 0) { exit 1 }
