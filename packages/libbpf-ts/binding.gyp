{
  "targets": [
    {
      "target_name": "bpf_addon",
      "sources": [
        "native/addon.cpp",
        "native/capture.cpp",
        "native/fd.cpp",
        "native/info.cpp",
        "native/link.cpp",
        "native/map.cpp",
        "native/object.cpp",
        "native/probe.cpp",
        "native/program.cpp",
        "native/ring_buffer.cpp"
      ],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
      "cflags_cc": [
        "-std=c++17",
        "-fexceptions",
        "-fvisibility=hidden",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-isystem <!(node -p \"require('path').dirname(require.resolve('node-addon-api'))\")"
      ],
      "libraries": ["-lbpf"]
    }
  ]
}
