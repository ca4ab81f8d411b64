# What Doxygen reads instead of the headers, line by line: the comment at the top of a header is that of the file; the
# inline namespace, which users do not write, is not seen through; and a dot between blanks, a product in a formula,
# would end the brief in the middle of it.
1s,^#pragma once$,/// \\file,
s/::inline v0//
\,///,s/ \. / · /g
