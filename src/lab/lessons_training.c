/* What a class makes of the experiments on training and regularization. */
#include "lab/lessons.h"

const tren_lesson lab_lessons_training[] = {
    {.name = "split",
     .slide = {"Training: data", "Entrenamiento: datos"},
     .predict = {"With 96/2/2 instead of 70/15/15 a network has more images to learn from. What "
                 "happens to the test accuracy, over ten splits?",
                 "Con 96/2/2 en lugar de 70/15/15, la red tiene más imágenes de las que aprender. "
                 "¿Qué ocurre con la exactitud de test a lo largo de diez repartos?"},
     .choice = {{"It rises clearly and swings as much as before.",
                 "Sube con claridad y oscila lo mismo que antes."},
                {"It hardly rises and swings much more.", "Apenas sube y oscila mucho más."},
                {"It falls, since the test is harder.", "Baja, porque el test es más difícil."}},
     .right = 1,
     .change = {{"--quick --set rows=2000",
                 {"Both accuracies swing about three times as much as with 20,000 images: the "
                  "standard error goes as one over the square root of the test rows.",
                  "Ambas exactitudes oscilan unas tres veces más que con 20\u202f000 imágenes: el "
                  "error típico es inversamente proporcional a la raíz del número de muestras de "
                  "test."}}}},
    {.name = "B1",
     .slide = {"Training: analysis; bias against variance",
               "Entrenamiento: análisis; sesgo frente a varianza"},
     .predict = {"Networks of 1, 3 and 10 hidden units are fitted to ten noisy points. Which one "
                 "lies farthest from the true curve, in the mean over many draws of the noise?",
                 "Se ajustan redes de 1, 3 y 10 unidades ocultas a diez puntos ruidosos. ¿Cuál "
                 "queda más lejos de la curva verdadera, en la media de muchos sorteos del ruido?"},
     .choice = {{"The one with one unit: it cannot bend enough.",
                 "La de una unidad: no puede curvarse lo suficiente."},
                {"The one with three units.", "La de tres unidades."},
                {"The one with ten units: it swings between the points.",
                 "La de diez unidades: oscila entre los puntos."}},
     .right = 2,
     .change =
         {{"--quick --set variance=1",
           {"From small initial weights ten units find smooth curves, and much of their "
            "variance is gone: where training begins matters as much as the number of "
            "units.",
            "Con pesos iniciales pequeños, diez unidades encuentran curvas suaves y gran parte "
            "de su varianza desaparece: el punto de partida del entrenamiento importa tanto "
            "como el número de unidades."}},
          {"--quick --set noise=0.3",
           {"With the noise of the book's figure three units fit the noise too: ten parameters "
            "for ten points. Their good fit is gone, and ten units are as wild as before.",
            "Con el ruido de la figura del libro, tres unidades también ajustan el ruido: diez "
            "parámetros para diez puntos. Su buen ajuste desaparece, y diez unidades oscilan "
            "tanto como antes."}}}},
    {.name = "B2",
     .slide = {"Training: analysis; local minima matter",
               "Entrenamiento: análisis; los mínimos locales importan"},
     .predict = {"Thirty networks of the same size start from different random weights. How far "
                 "apart are their test errors at the end?",
                 "Treinta redes del mismo tamaño parten de pesos aleatorios distintos. ¿Cuánto "
                 "difieren al final sus errores de test?"},
     .choice = {{"By a few percent: they all find the same minimum.",
                 "En un pequeño porcentaje: todas encuentran el mismo mínimo."},
                {"The worst has at least one and a half times the error of the best.",
                 "La peor tiene al menos una vez y media el error de la mejor."},
                {"They differ for large networks only.", "Solo difieren en las redes grandes."}},
     .right = 1,
     .change =
         {{"--quick --set rows=200",
           {"With 200 points the best starts of all sizes from two units on come close to 90, "
            "the noise of 1000 test points.",
            "Con 200 puntos, los mejores inicios de todos los tamaños desde dos unidades se "
            "acercan a 90, el ruido de los 1000 puntos de test."}}}},
    {.name = "decay",
     .slide = {"Weight decay: effect", "Weight decay: efecto"},
     .predict = {"The penalty on large weights grows a thousandfold. What happens to the inputs z "
                 "of the tanh units?",
                 "La penalización de los pesos grandes se multiplica por mil. ¿Qué ocurre con las "
                 "entradas z de las unidades tanh?"},
     .choice = {{"They stay, since the biases make up for it.",
                 "Se mantienen, porque los sesgos lo compensan."},
                {"They grow, since the units must work harder.",
                 "Crecen, porque las unidades deben trabajar más."},
                {"They shrink to where tanh is nearly a straight line.",
                 "Se reducen hasta donde tanh es casi una recta."}},
     .right = 2,
     .change =
         {{"--quick --set lambdas=0,30,3000",
           {"With lambda = 3000 the weights nearly vanish, and the network makes far more errors.",
            "Con lambda = 3000 los pesos casi se anulan y la red comete muchos más errores."}}}},
    {.name = "R1",
     .slide = {"Early stopping", "Parada temprana"},
     .predict = {"W2 has a peak of the test error over the width. What is left of it when each "
                 "network stops at its lowest validation loss?",
                 "En W2 el error de test tiene un pico según la anchura. ¿Qué queda de él si cada "
                 "red se detiene en su menor pérdida de validación?"},
     .choice = {{"The peak stays, a little lower.", "El pico sigue ahí, algo más bajo."},
                {"The peak is gone.", "El pico desaparece."},
                {"The peak moves to larger widths.", "El pico se desplaza a anchuras mayores."}},
     .right = 1,
     .change =
         {{"--quick --set noise=0",
           {"With right labels there is little to stop for: at the width of the peak stopping "
            "gains a few points instead of almost twenty.",
            "Con etiquetas correctas hay poco que evitar: en la anchura del pico, parar a "
            "tiempo gana unos pocos puntos en lugar de casi veinte."}}}},
    {.name = "R2",
     .slide = {"Weight decay, dropout, data augmentation",
               "Weight decay, dropout, aumento de datos"},
     .predict =
         {"A network sits at the peak of double descent. Which regularizers take a sixth of "
          "its error away?",
          "Una red está en el pico del doble descenso. ¿Qué regularizadores reducen su error "
          "en una sexta parte?"},
     .choice = {{"Weight decay only.", "Solo weight decay."},
                {"Weight decay and dropout, but no noise on the inputs.",
                 "Weight decay y dropout, pero no el ruido en las entradas."},
                {"Each of the three, in the right strength.",
                 "Cualquiera de los tres, con la intensidad adecuada."}},
     .right = 2,
     .change =
         {{"--quick --set noise=0",
           {"Without wrong labels there is less to be gained: each regularizer takes a smaller "
            "share of the error away.",
            "Sin etiquetas erróneas hay menos que ganar: cada regularizador reduce una parte "
            "menor del error."}}}},
    {.name = "I1",
     .slide = {"Inductive bias: interpolation with an overparameterized network",
               "Sesgo inductivo: interpolación con una red sobreparametrizada"},
     .predict =
         {"A network with 12,001 parameters passes through twelve points. What does it draw "
          "between them?",
          "Una red con 12\u202f001 parámetros pasa por doce puntos. ¿Qué dibuja entre ellos?"},
     .choice = {{"Wild swings, as a polynomial of degree 11 does.",
                 "Grandes oscilaciones, como un polinomio de grado 11."},
                {"Nearly straight lines from point to point.", "Casi rectas, de punto a punto."},
                {"Something else for each seed.", "Algo distinto con cada semilla."}},
     .right = 1,
     .change =
         {{"--quick --set steps=500",
           {"After 500 steps the networks have not reached the points yet, the wide ones "
            "least far from it: interpolation takes time.",
            "Tras 500 pasos las redes aún no han llegado a los puntos, aunque las anchas están "
            "más cerca: interpolar lleva tiempo."}}}},
    {.name = NULL},
};
