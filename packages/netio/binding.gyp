{
  "targets": [
    {
      "target_name": "netio_addon",
      "sources": [
        "native/addon.cpp",
        "native/ethtool.cpp",
        "native/netlink_socket.cpp",
        "native/packet_socket.cpp",
        "native/poll.cpp",
        "native/polled_socket.cpp",
        "native/raw_socket.cpp"
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
      ]
    }
  ]
}
