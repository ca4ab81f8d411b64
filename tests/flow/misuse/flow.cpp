// clang-format off
// One mistake per number: none of them compiles, and the compiler prints the words beside it (separated by |).
// MISTAKE=0 compiles.
#include "scalar/flow.hpp"

#include <memory>
#include <string>
#include <tuple>

using namespace scalar;

struct Table {
  int rows = 0;
};
struct Dataset {
  int rows = 0;
};
struct Trees {
  double auc = 0;
};
struct Churn {
  Table table{};
  Dataset train{}, test{};
  Trees trees{};
  int rows = 0;
  std::unique_ptr<int> handle{};
};
struct Other {
  Table table{};
};

Table load() { return {}; }
Dataset again(const Table&) { return {}; }
Trees fit_trees(const Dataset&) { return {}; }
double mean(const Dataset&) { return 0.5; }
void rename_columns(Table&) {}
std::tuple<Dataset, Table> mixed(const Table&) { return {}; }

void build() {
#if MISTAKE == 0
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(), step<again>().from<&Churn::table>().into<&Churn::train>());
#elif MISTAKE == 1  // unbound read | flow: a step reads a member that no earlier step writes; move the step, or name the member in given<>() | fit_trees | Churn::train
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(),
                   step<fit_trees>().from<&Churn::train>().into<&Churn::trees>());
#elif MISTAKE == 2  // wrong argument | flow: the step's function cannot be called with the members of update<>() and from<>(), in that order | fit_trees | const Dataset
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(),
                   step<fit_trees>().from<&Churn::table>().into<&Churn::trees>());
#elif MISTAKE == 3  // wrong result | flow: what the step returns cannot be stored in the members of its into<>() without loss | load | Table
  Flow<Churn> flow("x", step<load>().into<&Churn::train>());
#elif MISTAKE == 4  // duplicate name | flow: two steps have the same name; name one with step<"...">(function) | again
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(), step<again>().from<&Churn::table>().into<&Churn::train>(),
                   step<again>().from<&Churn::table>().into<&Churn::test>());
#elif MISTAKE == 5  // two parallel writers | flow: two steps inside parallel(...) use one member, and one of them writes it | again | more | Churn::train
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(),
                   parallel(step<again>().from<&Churn::table>().into<&Churn::train>(),
                            step<"more">(again).from<&Churn::table>().into<&Churn::train>()));
#elif MISTAKE == 6  // parallel reader of what another writes | flow: two steps inside parallel(...) use one member, and one of them writes it | again | fit_trees | Churn::train
  Flow<Churn> flow("x", given<&Churn::table, &Churn::train>(),
                   parallel(step<fit_trees>().from<&Churn::train>().into<&Churn::trees>(),
                            step<again>().from<&Churn::table>().into<&Churn::train>()));
#elif MISTAKE == 7  // read of what a parallel neighbor writes | flow: a step reads a member that no earlier step writes | fit_trees | Churn::train
  Flow<Churn> flow("x", given<&Churn::table>(),
                   parallel(step<again>().from<&Churn::table>().into<&Churn::train>(),
                            step<fit_trees>().from<&Churn::train>().into<&Churn::trees>()));
#elif MISTAKE == 8  // number cut | flow: what the step returns cannot be stored in the members of its into<>() without loss | mean | double
  Flow<Churn> flow("x", given<&Churn::train>(), step<mean>().from<&Churn::train>().into<&Churn::rows>());
#elif MISTAKE == 9  // one result for two members | flow: the step must return one element for each member of its into<>() (a tuple, a pair or an aggregate; void for none) | again | Dataset
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(),
                   step<again>().from<&Churn::table>().into<&Churn::train, &Churn::test>());
#elif MISTAKE == 10  // one of two results does not fit | flow: what the step returns cannot be stored in the members of its into<>() without loss | mixed
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(),
                   step<mixed>().from<&Churn::table>().into<&Churn::train, &Churn::test>());
#elif MISTAKE == 11  // result that goes nowhere | flow: the step must return one element for each member of its into<>() | load
  Flow<Churn> flow("x", step<load>());
#elif MISTAKE == 12  // nothing returned for a member | flow: what the step returns cannot be stored in the members of its into<>() without loss | nothing
  Flow<Churn> flow("x", step<"nothing">([] {}).into<&Churn::table>());
#elif MISTAKE == 13  // member of another struct | flow: a step uses a member of a struct that is not the flow's State | load | Other::table
  Flow<Churn> flow("x", step<load>().into<&Other::table>());
#elif MISTAKE == 14  // function that changes what it reads | flow: the step's function cannot be called with the members of update<>() and from<>(), in that order | rename_columns
  Flow<Churn> flow("x", step<load>().into<&Churn::table>(), step<rename_columns>().from<&Churn::table>());
#elif MISTAKE == 15  // callable with a state of its own: two runs would race | flow: the step's function cannot be called with the members of update<>() and from<>(), in that order | count
  Flow<Churn> flow("x", step<"count">([n = 0]() mutable { return ++n; }).into<&Churn::rows>());
#elif MISTAKE == 16  // lambda without a name | flow: a lambda has no name; write step<"...">(lambda)
  Flow<Churn> flow("x", step<[] { return 1; }>().into<&Churn::rows>());
#elif MISTAKE == 17  // update of what nobody wrote | flow: a step reads a member that no earlier step writes | rename_columns | Churn::table
  Flow<Churn> flow("x", step<rename_columns>().update<&Churn::table>());
#elif MISTAKE == 18  // member both updated and read | flow: a step names a member that it changes twice in its update<>(), into<>() and from<>() | both
  Flow<Churn> flow("x", given<&Churn::table>(),
                   step<"both">([](Table&, const Table&) {}).update<&Churn::table>().from<&Churn::table>());
#elif MISTAKE == 19  // two results for one member | flow: a step names a member that it changes twice in its update<>(), into<>() and from<>() | halves
  Flow<Churn> flow("x", step<"halves">([] { return std::tuple{Dataset{}, Dataset{}}; })
                            .into<&Churn::train, &Churn::train>());
#elif MISTAKE == 20  // read before the step that writes it | flow: a step reads a member that no earlier step writes | again | Churn::table
  Flow<Churn> flow("x", step<again>().from<&Churn::table>().into<&Churn::train>(), step<load>().into<&Churn::table>());
#elif MISTAKE == 21  // move-only member taken by value | flow: the step's function cannot be called with the members of update<>() and from<>(), in that order | take
  Flow<Churn> flow("x", given<&Churn::handle>(),
                   step<"take">([](std::unique_ptr<int>) {}).from<&Churn::handle>());
#elif MISTAKE == 22  // empty name | flow: a step needs a name that is not empty
  Flow<Churn> flow("x", step<"">(load).into<&Churn::table>());
#elif MISTAKE == 23  // duplicate name inside parallel | flow: two steps have the same name; name one with step<"...">(function) | again
  Flow<Churn> flow("x", given<&Churn::table>(), step<again>().from<&Churn::table>().into<&Churn::train>(),
                   parallel(step<again>().from<&Churn::table>().into<&Churn::test>()));
#endif
}
