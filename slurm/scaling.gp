# gnuplot -c scaling.gp PICTURE TITLE     draws scaling.csv of the current folder (PICTURE: .svg or .png)
csv = "scaling.csv"
picture = ARG1
set datafile separator ","
if (picture[strlen(picture)-2:] eq "svg") {
    set terminal svg size 1000,760 dynamic font "sans,13" background "#ffffff"
} else {
    set terminal pngcairo size 1000,760 font "sans,11" background "#ffffff"
}
set output picture
stats csv using 2 every ::1 nooutput
most = STATS_max
of(mode, x) = (strcol(1) eq mode) ? x : 1/0

set multiplot layout 2,2 title ARG2 noenhanced
set grid back lc "#dddddd"
set key top left Left reverse samplen 2
set xlabel "ranks"
set logscale xy 2
set xrange [0.9:most*1.1]
set ylabel "speed-up"
plot x with lines dt 2 lc "#888888" title "ideal", \
     csv using (of("strong", $2)):4 every ::1 with linespoints pt 7 lc "#0072b2" title "strong", \
     csv using (of("weak", $2)):4 every ::1 with linespoints pt 5 lc "#d55e00" title "weak"
unset logscale y
set ylabel "efficiency"
set yrange [0:*]
set key bottom left
plot 1 with lines dt 2 lc "#888888" title "ideal", \
     csv using (of("strong", $2)):5 every ::1 with linespoints pt 7 lc "#0072b2" title "strong", \
     csv using (of("weak", $2)):5 every ::1 with linespoints pt 5 lc "#d55e00" title "weak"

# Where the seconds of a rank go, from the bottom up. One bar for each run of a mode.
unset logscale x
set autoscale x
set yrange [0:*]
set key outside right top invert
set style data histograms
set style histogram rowstacked
set style fill solid 0.9
set boxwidth 0.7
array colour[7] = ["#999999", "#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7"]
do for [mode in "strong weak"] {
    set ylabel sprintf("%s: seconds of a rank", mode)
    rows = "< awk -F, 'NR==1 || $1==\"".mode."\"' ".csv
    plot for [i=6:12] rows using i:xtic(2) lc rgb colour[i-5] title columnheader(i)
}
unset multiplot
