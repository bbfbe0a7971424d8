import Platform
import Testing
import Weights
