/* What a class makes of the experiments on double descent. */
#include "lab/lessons.h"

#define OVER_SIZE                                                                                  \
    { "Double descent over complexity", "Doble descenso según la complejidad" }
#define OVER_EPOCHS                                                                                \
    { "Double descent over epochs", "Doble descenso según las épocas" }
#define OVER_ROWS                                                                                  \
    { "Double descent over examples", "Doble descenso según los ejemplos" }

const tren_lesson lab_lessons_descent[] = {
    {.name = "W1",
     .slide = OVER_SIZE,
     .predict = {"Networks of growing width learn 4000 signals, 15 % of whose labels were drawn "
                 "anew. Where is the test error worst, beside the very smallest?",
                 "Redes de anchura creciente aprenden 4000 señales, con un 15 % de las etiquetas "
                 "sorteadas de nuevo. Aparte de las más pequeñas, ¿dónde es peor el error de "
                 "test?"},
     .choice = {{"At the widest network: it has most parameters to overfit with.",
                 "En la red más ancha: es la que más parámetros tiene para sobreajustar."},
                {"Where a network is just wide enough to fit every training label.",
                 "Donde la red tiene justo la anchura para ajustar todas las etiquetas."},
                {"Nowhere: more width always helps.",
                 "En ninguna parte: más anchura siempre ayuda."}},
     .right = 1,
     .change =
         {{"--quick --set noise=0",
           {"Without wrong labels the test error has no peak: it falls with the width and then "
            "stays.",
            "Sin etiquetas erróneas el error de test no tiene pico: baja con la anchura y "
            "luego se mantiene."}},
          {"--quick --set epochs=20",
           {"After 20 epochs no network has learned the wrong labels by heart, and there is no "
            "peak: early stopping.",
            "Tras 20 épocas ninguna red ha memorizado las etiquetas erróneas, y no hay pico: "
            "es la parada temprana."}}}},
    {.name = "W2",
     .slide = OVER_SIZE,
     .predict = {"The same with images. Which network is best on the test images?",
                 "Lo mismo con imágenes. ¿Qué red es la mejor con las imágenes de test?"},
     .choice = {{"A small one that cannot learn the wrong labels.",
                 "Una pequeña, que no puede aprender las etiquetas erróneas."},
                {"The one that just fits all labels.", "La que justo ajusta todas las etiquetas."},
                {"The widest, with 40 parameters for each image.",
                 "La más ancha, con 40 parámetros por imagen."}},
     .right = 2,
     .change = {{"--quick --set noise=0",
                 {"With right labels only, no peak is left in the error.",
                  "Solo con etiquetas correctas no queda ningún pico en el error."}}}},
    {.name = "W3",
     .slide = OVER_SIZE,
     .predict =
         {"Only the last layer learns, by least squares. With 1000 images, at how many random "
          "features is the test loss worst?",
          "Solo aprende la última capa, por mínimos cuadrados. Con 1000 imágenes, ¿con "
          "cuántas características aleatorias es peor la pérdida de test?"},
     .choice = {{"At 100.", "Con 100."},
                {"At 1000.", "Con 1000."},
                {"At 10,000.", "Con 10\u202f000."}},
     .right = 1,
     .change = {{"--quick --set rows=500 --set features=50,200,400,500,600,1000,5000",
                 {"With 500 images the peak moves to 500 features.",
                  "Con 500 imágenes el pico se desplaza a 500 características."}}}},
    {.name = "W4",
     .slide = OVER_SIZE,
     .predict = {"No network at all: linear regression on 40 rows, with more and more of 400 "
                 "features. Is there double descent?",
                 "Sin red alguna: regresión lineal con 40 muestras y cada vez más de 400 "
                 "características. ¿Hay doble descenso?"},
     .choice = {{"No: it needs a network.", "No: hace falta una red."},
                {"Yes, with a peak at 40 features.", "Sí, con un pico en 40 características."},
                {"Yes, with a peak at 400 features.", "Sí, con un pico en 400 características."}},
     .right = 1,
     .change = {{"--quick --set rows=80",
                 {"With 80 rows the peak moves to 80 features.",
                  "Con 80 muestras el pico se desplaza a 80 características."}},
                {"--quick --set variance=0",
                 {"Without noise the peak stays: the features that are left out act as noise.",
                  "Sin ruido el pico sigue ahí: las características que se dejan fuera actúan como "
                  "ruido."}}}},
    {.name = "E1",
     .slide = OVER_EPOCHS,
     .predict = {"One linear model is trained for 30,000 steps. How does its test risk go?",
                 "Un modelo lineal se entrena 30\u202f000 pasos. ¿Cómo evoluciona su riesgo de "
                 "test?"},
     .choice = {{"It falls all the time.", "Baja todo el tiempo."},
                {"It falls, then rises for good.", "Baja y luego sube para siempre."},
                {"It falls, rises and falls again.", "Baja, sube y vuelve a bajar."}},
     .right = 2,
     .change =
         {{"--quick --set noise=0",
           {"Without noise there is nothing to overfit: the risk falls all the time.",
            "Sin ruido no hay nada que sobreajustar: el riesgo baja todo el tiempo."}},
          {"--quick --set slow=1",
           {"With one speed for all features there is one descent only.",
            "Con una sola velocidad para todas las características hay un único descenso."}}}},
    {.name = "E2",
     .slide = OVER_EPOCHS,
     .predict =
         {"A wide ResNet18 learns images with 20 % wrong labels for 600 epochs. How does its "
          "test error go?",
          "Una ResNet18 ancha aprende durante 600 épocas imágenes con un 20 % de etiquetas "
          "erróneas. ¿Cómo evoluciona su error de test?"},
     .choice = {{"It falls, then rises for good.", "Baja y luego sube para siempre."},
                {"It falls, rises, and falls again, but not down to its first minimum.",
                 "Baja, sube y vuelve a bajar, aunque no hasta su primer mínimo."},
                {"It falls, rises, and falls again below its first minimum.",
                 "Baja, sube y vuelve a bajar por debajo de su primer mínimo."}},
     .right = 1,
     .change = {{"--quick --set epochs=40 --set noise=0",
                 {"With right labels the test error falls and stays down.",
                  "Con etiquetas correctas el error de test baja y no vuelve a subir."}}}},
    {.name = "S1",
     .slide = OVER_ROWS,
     .predict =
         {"Random features as in W3, with 500 and with 2250 images. Which set gives the "
          "better classifier?",
          "Características aleatorias como en W3, con 500 y con 2250 imágenes. ¿Qué conjunto "
          "da el mejor clasificador?"},
     .choice = {{"The larger one, for every number of features.",
                 "El mayor, con cualquier número de características."},
                {"The larger one, but near 2250 features the smaller one.",
                 "El mayor, salvo cerca de 2250 características, donde gana el menor."},
                {"The smaller one, for every number of features.",
                 "El menor, con cualquier número de características."}},
     .right = 1,
     .change = {{"--quick --set rows=300,1000 --set features=100,300,600,1000,1500,10000",
                 {"The band in which more data hurt moves with the larger set, to 1000 features.",
                  "La franja en que más datos perjudican se mueve con el conjunto mayor, a 1000 "
                  "características."}}}},
    {.name = "S2",
     .slide = OVER_ROWS,
     .predict = {"Linear regression with 200 features. The number of rows grows from 100 to 200. "
                 "What does the risk do?",
                 "Regresión lineal con 200 características. El número de muestras crece de 100 a "
                 "200. ¿Qué hace el riesgo?"},
     .choice = {{"It falls.", "Baja."}, {"It stays.", "Se mantiene."}, {"It rises.", "Sube."}},
     .right = 2,
     .change = {{"--quick --set noise=0",
                 {"Without noise more rows never hurt: the risk falls, to zero at 200 rows.",
                  "Sin ruido, más muestras nunca perjudican: el riesgo baja, hasta cero con 200 "
                  "muestras."}}}},
    {.name = "S3",
     .slide = OVER_ROWS,
     .predict = {"The networks of W1 get 1000, 2000 and 4000 rows. Where does the peak of the test "
                 "loss go?",
                 "Las redes de W1 reciben 1000, 2000 y 4000 muestras. ¿Adónde va el pico de la "
                 "pérdida de test?"},
     .choice = {{"It stays at the same width.", "Se queda en la misma anchura."},
                {"It moves to larger widths.", "Se desplaza a anchuras mayores."},
                {"It moves to smaller widths.", "Se desplaza a anchuras menores."}},
     .right = 1,
     .change = {{"--quick --set noise=0.4",
                 {"With more wrong labels there is more to learn by heart: the peaks are higher.",
                  "Con más etiquetas erróneas hay más que memorizar: los picos son más altos."}}}},
    {.name = NULL},
};
