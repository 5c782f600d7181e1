import ArgumentParser

HoldfastTrain.main()
