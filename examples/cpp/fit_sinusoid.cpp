// The twin of examples/c/fit_sinusoid.c in C++17: what the library opens, a unique_ptr closes, and
// a status that is no TREN_OK becomes an exception. One source for float (tren) and double
// (tren64).
#include <tren/nn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace {

constexpr int rows = 64, hidden = 16, steps = 3000;

void check(tren_status status) {
    if (status != TREN_OK) throw std::runtime_error(tren_error_text());
}

struct Close {
    void operator()(tren_graph *graph) const { tren_graph_close(graph); }
    void operator()(tren_work *work) const { tren_work_close(work); }
};
using Graph = std::unique_ptr<tren_graph, Close>;
using Work = std::unique_ptr<tren_work, Close>;

class Arena {
  public:
    explicit Arena(size_t n) { check(tren_arena_open(&arena, n)); }
    ~Arena() { tren_arena_close(&arena); }
    Arena(const Arena &) = delete;
    Arena &operator=(const Arena &) = delete;
    tren_arena *operator->() { return &arena; }

  private:
    tren_arena arena{};
};

Graph build_network() {
    tren_graph *opened = nullptr;
    check(tren_graph_open(&opened, tren_kernels_best()));
    Graph graph(opened);
    tren_init init{};
    init.kind = TREN_DRAW_GLOROT;
    tren_layer *layer = tren_input(opened, tren_shape{1, 1, 1});
    layer = tren_dense(opened, layer, hidden, &tren_tanh, init);
    layer = tren_dense(opened, layer, 1, &tren_identity, init);
    tren_add_loss(opened, layer, &tren_loss_half_squares, nullptr);
    check(tren_graph_complete(opened)); // the first error of them all
    return graph;
}

Work open_work(const tren_graph *graph, Arena &value, Arena &gradient) {
    tren_work_spec spec{};
    spec.max_rows = rows;
    spec.train = true;
    spec.shards = 1;
    spec.hi = 1;
    spec.value = value->at;
    spec.node = &gradient->at;
    tren_work *work = nullptr;
    check(tren_work_open(&work, graph, &spec));
    return Work(work);
}

double fit() {
    const Graph graph = build_network();
    Arena value(graph->n_values), gradient(graph->n_values);
    tren_graph_init(graph.get(), value->at, 1);
    const Work work = open_work(graph.get(), value, gradient);
    const double pi = std::acos(-1.0);
    std::array<real, rows> x, t;
    for (int i = 0; i < rows; i++) {
        const double at = (i + 0.5) / rows;
        x[i] = static_cast<real>(2 * at - 1);
        t[i] = static_cast<real>(std::sin(2 * pi * at));
    }
    std::array<int, 2> row0{0, rows};
    tren_pass pass{};
    pass.n_groups = 1;
    pass.row0 = row0.data();
    pass.train = true;
    pass.target = t.data();
    pass.scale = real(1) / rows;
    check(tren_work_pattern(work.get(), &pass.pattern, 1, row0.data()));
    double first = 0, last = 0;
    for (int step = 0; step < steps; step++) {
        std::copy(x.begin(), x.end(), tren_work_input(work.get()));
        tren_forward(work.get(), &pass);
        tren_backward(work.get(), &pass);
        for (size_t i = 0; i < value->len; i++) value->at[i] -= real(0.1) * gradient->at[i];
        last = tren_work_result(work.get())->loss / rows;
        if (step == 0) first = last;
    }
    std::printf("%s: loss %.4f -> %.6f in %d steps\n", TREN_REAL_NAME, first, last, steps);
    return last / first;
}

} // namespace

int main() {
    try {
        if (fit() < 1.0 / 20) return TREN_OK;
        std::fprintf(stderr, "fit_sinusoid: the loss did not fall\n");
        return TREN_ERR_DIVERGED;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "fit_sinusoid: %s\n", error.what());
        return TREN_ERR_INTERNAL;
    }
}
