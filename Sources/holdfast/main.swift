import HoldfastCLI

await Holdfast.launch()
