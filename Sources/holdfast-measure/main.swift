await HoldfastMeasure.launch()
