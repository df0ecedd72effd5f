/* What a class makes of the experiments that look behind the others. */
#include "lab/lessons.h"

const tren_lesson lab_lessons_more[] = {
    {.name = "P1",
     .slide = {"Double descent over complexity: its causes",
               "Doble descenso según la complejidad: sus causas"},
     .predict = {"Three causes act together at the peak: small singular values, noise in the "
                 "targets, and test points in directions that hardly occur in the training rows. "
                 "How many of them must be removed to remove the peak?",
                 "En el pico actúan juntas tres causas: valores singulares pequeños, ruido en las "
                 "respuestas y puntos de test en direcciones que apenas aparecen en las muestras "
                 "de entrenamiento. ¿Cuántas hay que quitar para que el pico desaparezca?"},
     .choice = {{"Any one of them.", "Cualquiera de ellas."},
                {"The noise; the other two do not matter.", "El ruido; las otras dos no importan."},
                {"All three.", "Las tres."}},
     .right = 0,
     .change =
         {{"--quick --set noise=0",
           {"Without noise no curve has a peak: all curves agree with the one without noise, or "
            "lie close to it.",
            "Sin ruido ninguna curva tiene pico: coinciden con la que no tiene ruido, o quedan "
            "cerca de ella."}},
          {"--quick --set cutoff=0.01",
           {"When hardly any singular value is dropped, the peak comes back in the two curves that "
            "depend on it.",
            "Si apenas se descarta algún valor singular, el pico vuelve en las dos curvas que "
            "dependen de esos valores."}}}},
    {.name = "W5",
     .slide = {"Weight decay; double descent over complexity",
               "Weight decay; doble descenso según la complejidad"},
     .predict =
         {"Every model size gets the weight decay that suits it best. What is left of double "
          "descent?",
          "Cada tamaño de modelo recibe el weight decay que más le conviene. ¿Qué queda del "
          "doble descenso?"},
     .choice = {{"A lower peak at the same place.", "Un pico más bajo en el mismo lugar."},
                {"Nothing: the risk only falls with the size.",
                 "Nada: el riesgo solo baja con el tamaño."},
                {"A peak at another size.", "Un pico en otro tamaño."}},
     .right = 1,
     .change = {{"--quick --set variance=1",
                 {"With more noise the best lambda is larger, and the risk still only falls.",
                  "Con más ruido la mejor lambda es mayor, y el riesgo sigue bajando siempre."}}}},
    {.name = "T1",
     .slide = {"Double descent over examples", "Doble descenso según los ejemplos"},
     .predict =
         {"A transformer learns to translate from a few thousand pairs of sentences, for a fixed "
          "number of steps. How does its test loss change as the network grows?",
          "Un transformer aprende a traducir con unos pocos miles de pares de frases, durante un "
          "número fijo de pasos. ¿Cómo cambia su pérdida de test cuando la red crece?"},
     .choice = {{"It always falls.", "Baja siempre."},
                {"It falls, rises to a peak, and falls again.",
                 "Baja, sube hasta un pico y vuelve a bajar."},
                {"It falls up to some size, and then it rises.",
                 "Baja hasta cierto tamaño y luego sube."}},
     .right = 1,
     .change =
         {{"--quick --set steps=250",
           {"After few steps no network has memorized its pairs, and the larger network is better.",
            "Tras pocos pasos ninguna red ha memorizado sus pares, y la red mayor es mejor."}}}},
    {.name = "A1",
     .slide = {"Data augmentation", "Aumento de datos"},
     .predict = {"A network learns to classify pictures of clothes from a few hundred images, for "
                 "a fixed number of steps. What does augmentation gain?",
                 "Una red aprende a clasificar fotos de ropa con unos cientos de imágenes, durante "
                 "un número fijo de pasos. ¿Qué aporta el aumento de datos?"},
     .choice = {{"All five kinds together gain the most.",
                 "Los cinco tipos juntos son lo que más aporta."},
                {"One kind alone does better than all five together.",
                 "Un tipo por sí solo da mejor resultado que los cinco juntos."},
                {"Only the kinds that move pixels help; noise hurts.",
                 "Solo ayudan los tipos que mueven píxeles; el ruido perjudica."}},
     .right = 1,
     .change = {{"--quick --set rotation=180",
                 {"The test has no images upside down, so rotation now lowers the accuracy.",
                  "El test no tiene imágenes cabeza abajo, así que ahora la rotación reduce la "
                  "exactitud."}}}},
    {.name = "N1",
     .slide = {"Double descent over complexity: its causes",
               "Doble descenso según la complejidad: sus causas"},
     .predict = {"You can spend the same number of parameters on one large network, or on "
                 "{members} small networks at the peak of double descent whose answers are "
                 "averaged. Which gives fewer errors?",
                 "Puede gastar el mismo número de parámetros en una sola red grande, o en "
                 "{members} redes pequeñas, en el pico del doble descenso, cuyas respuestas se "
                 "promedian. ¿Qué da menos errores?"},
     .choice = {{"The small networks together.", "Las redes pequeñas juntas."},
                {"The one large network.", "La red grande."},
                {"Both give about the same.", "Ambas dan más o menos lo mismo."}},
     .right = 0,
     .change = {{"--quick --set members=2",
                 {"Two networks already give a good part of the gain of eight.",
                  "Dos redes dan ya buena parte de la ganancia de ocho."}}}},
    {.name = "G1",
     .slide = {"Double descent over epochs", "Doble descenso según las épocas"},
     .predict = {"A network knows all its training sums after some tens of epochs, and is wrong on "
                 "nearly all others. What happens in the next {epochs} epochs, with weight decay?",
                 "Una red conoce todas las sumas de entrenamiento tras unas decenas de épocas, y "
                 "se equivoca en casi todas las demás. ¿Qué ocurre en las {epochs} épocas "
                 "siguientes, con weight decay?"},
     .choice = {{"Nothing: the training error is zero, so there is nothing left to learn.",
                 "Nada: el error de entrenamiento es cero, así que no queda nada que aprender."},
                {"It overfits even more.", "Se sobreajusta aún más."},
                {"It finds the rule: the test error falls almost to zero.",
                 "Encuentra la regla: el error de test baja casi a cero."}},
     .right = 2,
     .change = {{"--quick --set share=0.3",
                 {"With fewer sums the rule is found much later, or not at all in this time.",
                  "Con menos sumas la regla se encuentra mucho después, o no se encuentra en este "
                  "tiempo."}}}},
    {.name = NULL},
};
