# cmake -DSOURCE= -P phrases.cmake: pages, headers and sources are in plain English. Each of these habits has cost readers
# time; CONTRIBUTING.md has what to write instead.
set(phrases
  "that (is|are|has|have) none"                   # "an invalid rank", "no such model"
  "which (is|are) none"
  "for a (number|name|rank|root) that is no"
  "one's own"                                     # "your own", "the peer's own"
  "[Tt]here are not"                              # "more labels than images"
  "[Aa]gain is the same"                          # "Idempotent"
  "as above"                                      # name what is meant
  "(/// |// |[.:] |^)Who "                        # "A client that ..."
  "(/// |// )The same[,.]?( |$)"                  # name what it is the same as
  "(^|[ (])(bytes|byte|MiB|KiB|ns|us|allocations?|messages?|supersteps?|lines?|times|seconds?|values?|threads?|files?|figures?|copies|copy) an? (peer|process|worker|vertex|edge|row|column|shard|message|request|element|core|thread|tenant|model|superstep|round|key|page|class|tree|record|second|link|pair|call|room)"  # "per"
  "[Oo]ne a (peer|process|worker|vertex|row|column|shard|message|request|core|thread|model|superstep)")
file(GLOB_RECURSE files "${SOURCE}/docs/*.md" "${SOURCE}/include/*.hpp" "${SOURCE}/src/*.hpp" "${SOURCE}/src/*.cpp"
     "${SOURCE}/examples/*.cpp")
list(APPEND files "${SOURCE}/README.md" "${SOURCE}/CONTRIBUTING.md")
if(DEFINED ONLY)
  list(FILTER files INCLUDE REGEX "${ONLY}")
endif()
set(mistakes "")
set(checked 0)
foreach(file IN LISTS files)
  if(NOT EXISTS "${file}")
    continue()
  endif()
  math(EXPR checked "${checked} + 1")
  foreach(phrase IN LISTS phrases)
    file(STRINGS "${file}" lines REGEX "${phrase}")
    foreach(line IN LISTS lines)
      string(REGEX MATCH "${phrase}" found "${line}")
      string(APPEND mistakes "\n  ${file}: \"${found}\" in: ${line}")
    endforeach()
  endforeach()
endforeach()
if(NOT mistakes STREQUAL "" OR checked LESS 1)
  string(REPLACE "${SOURCE}/" "" mistakes "${mistakes}")
  message(FATAL_ERROR "${checked} files${mistakes}")
endif()
message("${checked} files")
