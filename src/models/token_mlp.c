/* A multilayer perceptron of each token by itself: what comes next is told from one token and its
 * place. Of pairs it reads the target alone. */
#include "tren/models.h"

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    const tren_int_list *hidden = &config->model.hidden;
    tren_init init = tren_model_init(config);
    int width = hidden->n > 0 ? hidden->at[0] : 0;
    if (hidden->n == 0)
        tren_graph_fail(g, "model.hidden: [] leaves token_mlp without an embedding; give its width "
                           "first, as [64] or [64, 128]");
    if (config->dropout.n > 1)
        tren_graph_fail(g, "dropout: %d rates for token_mlp; give one, of all layers",
                        config->dropout.n);
    tren_layer *x = tren_model_tokens(g, info->label_axis, info);
    x = tren_embedding(g, x, (tren_embedding_spec){info->vocabulary, width, init, NULL});
    x = tren_positions(g, x, init);
    for (int i = 1; i < hidden->n; i++) {
        x = tren_dropout(g, x, tren_config_dropout(config, i));
        x = tren_dense(g, x, hidden->at[i], tren_activations[config->model.activation], init);
    }
    x = tren_dropout(g, x, tren_config_dropout(config, hidden->n));
    x = tren_dense(g, x, tren_model_outputs(info), &tren_identity, init);
    tren_model_add_loss(g, x, config, info);
}

const tren_model tren_model_token_mlp = {
    .name = "token_mlp",
    .help = "of each token by itself: model.hidden (the width of the embedding, then dense "
            "layers), model.activation, dropout",
    .size = "model.hidden",
    .reads = TREN_READS_TEXTS | TREN_READS_PAIRS,
    .build = build};
