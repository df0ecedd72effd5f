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
     .predict =
         {"Networks of growing width learn {rows} rows; {noise%} of the labels were replaced at "
          "random. Apart from the very smallest networks, where is the test error largest?",
          "Redes de anchura creciente aprenden {rows} muestras; el {noise%} de las etiquetas se ha "
          "reasignado al azar. Aparte de las redes más pequeñas, ¿dónde es mayor el error de "
          "test?"},
     .choice = {{"In the network that is just wide enough to fit every training label.",
                 "En la red que tiene justo la anchura para ajustar todas las etiquetas."},
                {"In the widest network: it has the most parameters to overfit with.",
                 "En la red más ancha: es la que más parámetros tiene para sobreajustar."},
                {"Nowhere: more width always helps.",
                 "En ninguna parte: más anchura siempre ayuda."}},
     .right = 0,
     .change = {{"--quick --set noise=0",
                 {"Without wrong labels the test error has no peak: it falls with the width and "
                  "then stays low.",
                  "Sin etiquetas erróneas el error de test no tiene pico: baja con la anchura y "
                  "luego se mantiene bajo."}},
                {"--quick --set epochs=20",
                 {"After 20 epochs no network has memorized the wrong labels, and there is no "
                  "peak: this is early stopping.",
                  "Tras 20 épocas ninguna red ha memorizado las etiquetas erróneas, y no hay pico: "
                  "es la parada temprana."}}}},
    {.name = "W2",
     .slide = OVER_SIZE,
     .predict =
         {"The same experiment with images. Which network is best on the test images?",
          "El mismo experimento con imágenes. ¿Qué red es la mejor con las imágenes de test?"},
     .choice = {{"A small one that cannot memorize the wrong labels.",
                 "Una pequeña, que no puede memorizar las etiquetas erróneas."},
                {"The one that can just fit all labels.",
                 "La que puede ajustar justo todas las etiquetas."},
                {"The widest, with many more parameters than images.",
                 "La más ancha, con muchos más parámetros que imágenes."}},
     .right = 2,
     .change = {{"--quick --set noise=0",
                 {"With correct labels only, the error has no peak.",
                  "Solo con etiquetas correctas, el error no tiene pico."}}}},
    {.name = "W3",
     .slide = OVER_SIZE,
     .predict = {"Only the last layer learns, by least squares. With {rows} images, at how many "
                 "random features is the test loss largest?",
                 "Solo aprende la última capa, por mínimos cuadrados. Con {rows} imágenes, ¿con "
                 "cuántas características aleatorias es mayor la pérdida de test?"},
     .choice = {{"At a tenth of the number of images.",
                 "Con una décima parte del número de imágenes."},
                {"At as many features as images.", "Con tantas características como imágenes."},
                {"At ten times as many features as images.",
                 "Con diez veces más características que imágenes."}},
     .right = 1,
     .change = {{"--quick --set rows=500 --set features=50,200,400,500,600,1000,5000",
                 {"With 500 images the peak moves to 500 features.",
                  "Con 500 imágenes el pico se desplaza a 500 características."}}}},
    {.name = "W4",
     .slide = OVER_SIZE,
     .predict = {"There is no network here: linear regression on {rows} rows, with more and more "
                 "of 400 features. Is there double descent?",
                 "Aquí no hay red: regresión lineal con {rows} muestras y cada vez más "
                 "características, hasta 400. ¿Hay doble descenso?"},
     .choice = {{"No: double descent needs a network.",
                 "No: para el doble descenso hace falta una red."},
                {"Yes, with a peak where there are as many features as rows.",
                 "Sí, con un pico donde hay tantas características como muestras."},
                {"Yes, with a peak where all 400 features are used.",
                 "Sí, con un pico donde se usan las 400 características."}},
     .right = 1,
     .change = {{"--quick --set rows=80",
                 {"With 80 rows the peak moves to 80 features.",
                  "Con 80 muestras el pico se desplaza a 80 características."}},
                {"--quick --set variance=0",
                 {"Without noise the peak stays: the features that are not used act as noise.",
                  "Sin ruido el pico sigue ahí: las características que no se usan actúan como "
                  "ruido."}}}},
    {.name = "E1",
     .slide = OVER_EPOCHS,
     .predict =
         {"A linear model is trained for {steps} steps. How does its test risk change?",
          "Un modelo lineal se entrena durante {steps} pasos. ¿Cómo evoluciona su riesgo de test?"},
     .choice = {{"It falls all the time.", "Baja todo el tiempo."},
                {"It falls, then rises until the end.", "Baja y luego sube hasta el final."},
                {"It falls, rises and falls again.", "Baja, sube y vuelve a bajar."}},
     .right = 2,
     .change = {{"--quick --set noise=0",
                 {"Without noise there is nothing to overfit. With the orthogonal design the risk "
                  "falls all the time, and with the Gaussian design it hardly rises.",
                  "Sin ruido no hay nada que sobreajustar. Con el diseño ortogonal el riesgo baja "
                  "todo el tiempo, y con el diseño gaussiano apenas sube."}},
                {"--quick --set slow=1",
                 {"When all features are learned at the same speed, the risk falls only once.",
                  "Si todas las características se aprenden a la misma velocidad, el riesgo baja "
                  "una sola vez."}}}},
    {.name = "E2",
     .slide = OVER_EPOCHS,
     .predict = {"A wide ResNet18 learns images for {epochs} epochs; {noise%} of the labels are "
                 "wrong. How does its test error change?",
                 "Una ResNet18 ancha aprende imágenes durante {epochs} épocas; el {noise%} de las "
                 "etiquetas son erróneas. ¿Cómo evoluciona su error de test?"},
     .choice = {{"It falls, then rises until the end.", "Baja y luego sube hasta el final."},
                {"It falls, rises, and falls again, but not down to its first minimum.",
                 "Baja, sube y vuelve a bajar, aunque no hasta su primer mínimo."},
                {"It falls, rises, and falls again below its first minimum.",
                 "Baja, sube y vuelve a bajar por debajo de su primer mínimo."}},
     .right = 1,
     .change = {{"--quick --set epochs=40 --set noise=0",
                 {"With correct labels the test error falls and does not rise again.",
                  "Con etiquetas correctas el error de test baja y no vuelve a subir."}}}},
    {.name = "S1",
     .slide = OVER_ROWS,
     .predict = {"Random features as in W3, with training sets of {rows} images. Which set gives "
                 "the better classifier?",
                 "Características aleatorias como en W3, con conjuntos de entrenamiento de {rows} "
                 "imágenes. ¿Qué conjunto da el mejor clasificador?"},
     .choice = {{"The larger one, except where there are about as many features as it has images: "
                 "there the smaller one is better.",
                 "El mayor, salvo donde hay más o menos tantas características como imágenes "
                 "tiene: ahí es mejor el menor."},
                {"The larger one, for every number of features.",
                 "El mayor, con cualquier número de características."},
                {"The smaller one, for every number of features.",
                 "El menor, con cualquier número de características."}},
     .right = 0,
     .change = {{"--quick --set rows=300,1000 --set features=100,300,600,1000,1500,10000",
                 {"The range in which more data hurt moves with the larger set, to 1000 features.",
                  "El intervalo en que más datos perjudican se desplaza con el conjunto mayor, a "
                  "1000 características."}}}},
    {.name = "S2",
     .slide = OVER_ROWS,
     .predict = {"Linear regression with {features} features. The number of training rows grows "
                 "from half the number of features to that number. What happens to the risk?",
                 "Regresión lineal con {features} características. El número de muestras crece "
                 "desde la mitad del número de características hasta igualarlo. ¿Qué ocurre con el "
                 "riesgo?"},
     .choice = {{"It falls.", "Baja."},
                {"It does not change.", "No cambia."},
                {"It rises.", "Sube."}},
     .right = 2,
     .change = {{"--quick --set noise=0",
                 {"Without noise, more rows never hurt: the risk falls, and is zero with 200 rows.",
                  "Sin ruido, más muestras nunca perjudican: el riesgo baja, y es cero con 200 "
                  "muestras."}}}},
    {.name = "S3",
     .slide = OVER_ROWS,
     .predict = {"The networks of W1 are trained on 1000, 2000 and 4000 rows. Where does the peak "
                 "of the test loss move?",
                 "Las redes de W1 se entrenan con 1000, 2000 y 4000 muestras. ¿Hacia dónde se "
                 "desplaza el pico de la pérdida de test?"},
     .choice = {{"It moves to larger widths.", "Se desplaza a anchuras mayores."},
                {"It stays at the same width.", "Se queda en la misma anchura."},
                {"It moves to smaller widths.", "Se desplaza a anchuras menores."}},
     .right = 0,
     .change = {{"--quick --set noise=0.4",
                 {"With more wrong labels there is more to memorize: the peaks are higher.",
                  "Con más etiquetas erróneas hay más que memorizar: los picos son más altos."}}}},
    {.name = NULL},
};
