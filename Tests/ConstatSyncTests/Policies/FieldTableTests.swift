import ConstatSync
import Testing
