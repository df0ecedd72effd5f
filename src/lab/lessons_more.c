/* What a class makes of the experiments that look behind the others. */
#include "lab/lessons.h"

const tren_lesson lab_lessons_more[] = {
    {.name = "P1",
     .slide = {"Double descent over complexity: what is behind it",
               "Doble descenso según la complejidad: qué hay detrás"},
     .predict = {"Three things come together at the peak: small singular values, noise in the "
                 "targets, and test points in directions that the training rows hardly have. How "
                 "many of them must be removed until the peak is gone?",
                 "En el pico se juntan tres cosas: valores singulares pequeños, ruido en las "
                 "respuestas y puntos de test en direcciones que las muestras de entrenamiento "
                 "apenas tienen. ¿Cuántas hay que quitar para que el pico desaparezca?"},
     .choice = {{"All three.", "Las tres."},
                {"The noise; the others do not matter.", "El ruido; las otras no importan."},
                {"Any one of them.", "Una cualquiera."}},
     .right = 2,
     .change =
         {{"--quick --set noise=0",
           {"Without noise no curve has a peak: they lie on the one without noise, or close to "
            "it.",
            "Sin ruido ninguna curva tiene pico: coinciden con la que no tiene ruido, o quedan "
            "cerca de ella."}},
          {"--quick --set cutoff=0.01",
           {"If hardly any singular value is dropped, the peak comes back in the two curves "
            "that rely on it.",
            "Si apenas se descarta algún valor singular, el pico vuelve en las dos curvas que "
            "dependen de ello."}}}},
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
         {"A transformer learns to translate from 4000 pairs of sentences, for a fixed number "
          "of steps. How does its test loss go as the network grows?",
          "Un transformer aprende a traducir con 4000 pares de frases, durante un número fijo "
          "de pasos. ¿Cómo cambia su pérdida de test cuando la red crece?"},
     .choice = {{"It falls all the way.", "Baja siempre."},
                {"It falls, and rises from some size on.", "Baja, y desde cierto tamaño sube."},
                {"It rises all the way.", "Sube siempre."}},
     .right = 1,
     .change = {{"--quick --set steps=250",
                 {"After few steps no network knows its pairs by heart, and the larger one is the "
                  "better one.",
                  "Tras pocos pasos ninguna red se sabe sus pares de memoria, y la mayor es la "
                  "mejor."}}}},
    {.name = "A1",
     .slide = {"Data augmentation", "Aumento de datos"},
     .predict = {"A network learns to tell garments apart from 500 images, for a fixed number of "
                 "steps. What does augmentation buy?",
                 "Una red aprende a distinguir prendas con 500 imágenes, durante un número fijo de "
                 "pasos. ¿Qué aporta el aumento de datos?"},
     .choice = {{"All five kinds together buy most.",
                 "Los cinco tipos juntos son lo que más aporta."},
                {"One kind alone buys more than all five together.",
                 "Un tipo por sí solo aporta más que los cinco juntos."},
                {"Only what moves pixels helps; noise does harm.",
                 "Solo ayuda lo que mueve píxeles; el ruido perjudica."}},
     .right = 1,
     .change = {{"--quick --set rotation=180",
                 {"Images on their heads are not what the test has: rotation now costs accuracy.",
                  "Las imágenes cabeza abajo no son como las del test: ahora la rotación cuesta "
                  "exactitud."}}}},
    {.name = "N1",
     .slide = {"Double descent over complexity: what is behind it",
               "Doble descenso según la complejidad: qué hay detrás"},
     .predict =
         {"You may train 37,000 parameters: as one network, or as eight small ones at the "
          "peak of double descent that vote. Which gives fewer errors?",
          "Puede entrenar 37\u202f000 parámetros: como una sola red, o como ocho pequeñas, en "
          "el pico del doble descenso, que votan. ¿Qué da menos errores?"},
     .choice = {{"The one network.", "La red única."},
                {"The eight that vote.", "Las ocho que votan."},
                {"They are alike.", "Son parecidas."}},
     .right = 1,
     .change = {{"--quick --set members=2",
                 {"Two networks already bring a good part of what eight bring.",
                  "Dos redes aportan ya buena parte de lo que aportan ocho."}}}},
    {.name = NULL},
};
