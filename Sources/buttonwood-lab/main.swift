import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.dropFirst().first) {
case ("verify", _): exit(Verify.run(Array(arguments.dropFirst())))
case ("bench", "engine"): exit(EngineBench.run(Array(arguments.dropFirst(2))))
default: exit(2)
}
