/* What a class makes of the experiments on training and regularization. */
#include "lab/lessons.h"

const tren_lesson lab_lessons_training[] = {
    {.name = "split",
     .slide = {"Training: data", "Entrenamiento: datos"},
     .predict = {"With 96/2/2 instead of 70/15/15 a network has more images to learn from. What "
                 "happens to the test accuracy, with several random splits?",
                 "Con 96/2/2 en lugar de 70/15/15, la red tiene más imágenes de las que aprender. "
                 "¿Qué ocurre con la exactitud de test en varios repartos al azar?"},
     .choice = {{"It rises clearly, and it varies as much as before from split to split.",
                 "Sube con claridad, y varía de un reparto a otro lo mismo que antes."},
                {"It hardly rises, and it varies much more.", "Apenas sube, y varía mucho más."},
                {"It falls, because the test is harder.", "Baja, porque el test es más difícil."}},
     .right = 1,
     .change =
         {{"--quick --set rows=2000",
           {"Both accuracies vary about three times as much as with 20,000 images: the standard "
            "error is inversely proportional to the square root of the number of test images.",
            "Ambas exactitudes varían unas tres veces más que con 20\u202f000 imágenes: el error "
            "típico es inversamente proporcional a la raíz del número de imágenes de test."}}}},
    {.name = "B1",
     .slide = {"Training: analysis; bias against variance",
               "Entrenamiento: análisis; sesgo frente a varianza"},
     .predict = {"Networks of 1, 3 and 10 hidden units are fitted to {rows} noisy points. Which "
                 "one comes nearest to the true curve, on average over many draws of the noise?",
                 "Se ajustan redes de 1, 3 y 10 unidades ocultas a {rows} puntos con ruido. ¿Cuál "
                 "queda más cerca de la curva verdadera, en promedio sobre muchos sorteos del "
                 "ruido?"},
     .choice = {{"The one with one unit: it cannot follow the noise.",
                 "La de una unidad: no puede seguir el ruido."},
                {"The one with three units: it can bend enough, and no more.",
                 "La de tres unidades: puede curvarse lo suficiente, y no más."},
                {"The one with ten units: it passes through all points.",
                 "La de diez unidades: pasa por todos los puntos."}},
     .right = 1,
     .change =
         {{"--quick --set variance=1",
           {"From small initial weights, ten units give smooth curves, and much of their variance "
            "disappears: the start of the training matters as much as the number of units.",
            "Con pesos iniciales pequeños, diez unidades dan curvas suaves y gran parte de su "
            "varianza desaparece: el punto de partida del entrenamiento importa tanto como el "
            "número de unidades."}},
          {"--quick --set noise=0.3",
           {"With the noise of the book's figure, three units fit the noise too: they have ten "
            "parameters for ten points. They no longer fit the curve well, and ten units swing as "
            "much as before.",
            "Con el ruido de la figura del libro, tres unidades también ajustan el ruido: tienen "
            "diez parámetros para diez puntos. Ya no ajustan bien la curva, y diez unidades "
            "oscilan tanto como antes."}}}},
    {.name = "B2",
     .slide = {"Training: analysis; local minima matter",
               "Entrenamiento: análisis; los mínimos locales importan"},
     .predict = {"Networks of the same size start from {starts} different sets of random weights. "
                 "How much do their final test errors differ?",
                 "Redes del mismo tamaño parten de {starts} conjuntos distintos de pesos "
                 "aleatorios. ¿Cuánto difieren al final sus errores de test?"},
     .choice = {{"The worst error is at least one and a half times the best.",
                 "El peor error es al menos una vez y media el mejor."},
                {"By a few percent: they all find the same minimum.",
                 "En un pequeño porcentaje: todas encuentran el mismo mínimo."},
                {"They differ only for large networks.", "Solo difieren en las redes grandes."}},
     .right = 0,
     .change =
         {{"--quick --set rows=200",
           {"With 200 points, the best starts of all sizes from two units on have a sum of squares "
            "close to 90, the noise of the 1000 test points.",
            "Con 200 puntos, los mejores inicios de todos los tamaños desde dos unidades tienen "
            "una suma de cuadrados cercana a 90, el ruido de los 1000 puntos de test."}}}},
    {.name = "decay",
     .slide = {"Weight decay: effect", "Weight decay: efecto"},
     .predict = {"The penalty on large weights is increased a thousand times. What happens to the "
                 "inputs z of the tanh units?",
                 "La penalización de los pesos grandes se multiplica por mil. ¿Qué ocurre con las "
                 "entradas z de las unidades tanh?"},
     .choice = {{"They shrink into the range where tanh is nearly a straight line.",
                 "Se reducen a la zona donde tanh es casi una recta."},
                {"They grow, because the units must work harder.",
                 "Crecen, porque las unidades deben trabajar más."},
                {"They do not change, because the biases compensate.",
                 "No cambian, porque los sesgos lo compensan."}},
     .right = 0,
     .change =
         {{"--quick --set lambdas=0,30,3000",
           {"With lambda = 3000 the weights are almost zero, and the network makes many more "
            "errors.",
            "Con lambda = 3000 los pesos son casi cero y la red comete muchos más errores."}}}},
    {.name = "R1",
     .slide = {"Early stopping", "Parada temprana"},
     .predict = {"In W2 the test error has a peak over the width. What is left of the peak when "
                 "each network stops at its lowest validation loss?",
                 "En W2 el error de test tiene un pico según la anchura. ¿Qué queda del pico si "
                 "cada red se detiene en su menor pérdida de validación?"},
     .choice = {{"The peak stays, but a little lower.", "El pico sigue ahí, algo más bajo."},
                {"The peak disappears.", "El pico desaparece."},
                {"The peak moves to larger widths.", "El pico se desplaza a anchuras mayores."}},
     .right = 1,
     .change = {{"--quick --set noise=0",
                 {"With correct labels early stopping has little to prevent: at the width of the "
                  "peak it gains a few points instead of almost twenty.",
                  "Con etiquetas correctas la parada temprana tiene poco que evitar: en la anchura "
                  "del pico gana unos pocos puntos en lugar de casi veinte."}}}},
    {.name = "R2",
     .slide = {"Weight decay, dropout, data augmentation",
               "Weight decay, dropout, aumento de datos"},
     .predict = {"A network is at the peak of double descent. Which regularizers reduce its error "
                 "by at least 15 %?",
                 "Una red está en el pico del doble descenso. ¿Qué regularizadores reducen su "
                 "error en al menos un 15 %?"},
     .choice = {{"Only weight decay.", "Solo weight decay."},
                {"Weight decay and dropout, but not noise on the inputs.",
                 "Weight decay y dropout, pero no el ruido en las entradas."},
                {"Each of the three, with the right strength.",
                 "Cualquiera de los tres, con la intensidad adecuada."}},
     .right = 2,
     .change = {{"--quick --set noise=0",
                 {"Without wrong labels there is less to gain: each regularizer reduces the error "
                  "by a smaller share.",
                  "Sin etiquetas erróneas hay menos que ganar: cada regularizador reduce una parte "
                  "menor del error."}}}},
    {.name = "I1",
     .slide = {"Inductive bias: interpolation with an overparameterized network",
               "Sesgo inductivo: interpolación con una red sobreparametrizada"},
     .predict =
         {"A network with thousands of parameters passes through twelve points. What does its "
          "function look like between them?",
          "Una red con miles de parámetros pasa por doce puntos. ¿Cómo es su función entre ellos?"},
     .choice = {{"It is close to straight lines from point to point.",
                 "Es casi igual a los segmentos rectos que unen cada punto con el siguiente."},
                {"It swings widely, like a polynomial of degree 11.",
                 "Oscila mucho, como un polinomio de grado 11."},
                {"It is different for each seed.", "Es distinta con cada semilla."}},
     .right = 0,
     .change = {{"--quick --set steps=500",
                 {"After 500 steps the networks have not reached the points yet, and the wide "
                  "networks are closest: interpolation takes time.",
                  "Tras 500 pasos las redes aún no han llegado a los puntos, y las anchas son las "
                  "más cercanas: interpolar lleva tiempo."}}}},
    {.name = NULL},
};
