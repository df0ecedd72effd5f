# gnuplot -e "csv='FILE.csv'; picture='FILE.svg'; what='NAME'" bench/roofline.gp     (csv of tren bench conv --out)
set datafile separator ","
if (picture[strlen(picture)-2:] eq "svg") {
    set terminal svg size 760,560 dynamic font "sans,13" background "#ffffff"
} else {
    set terminal pngcairo size 760,560 font "sans,11" background "#ffffff"
}
set output picture
stats csv using 9 every ::1 nooutput
peak = STATS_max
stats csv using 10 every ::1 nooutput
bandwidth = STATS_max
of(pass, y) = (strcol(3) eq pass) ? y : 1/0
set title what noenhanced
set logscale xy
set grid back lc "#dddddd"
set key bottom right Right samplen 2
set xlabel "FLOP for each byte that must move (plain count)"
set ylabel "GFLOP/s on one core (plain count)"
set xrange [0.5:200]
set yrange [1:1000]
roof(x) = x * bandwidth < peak ? x * bandwidth : peak
plot roof(x) with lines lw 2 lc "#444444" title sprintf("%.0f GB/s, %.0f GFLOP/s", bandwidth, peak), \
     csv using 7:(of("forward", $8)) every ::1 with points pt 7 ps 0.8 lc "#0072b2" title "forward", \
     csv using 7:(of("input", $8)) every ::1 with points pt 5 ps 0.8 lc "#009e73" title "data gradient", \
     csv using 7:(of("weight", $8)) every ::1 with points pt 9 ps 0.9 lc "#d55e00" title "weight gradient", \
     csv using 7:(of("forward", $8)):1 every ::1 with labels offset 0,-0.9 font ",9" tc "#777777" notitle
