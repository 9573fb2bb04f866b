using System.Runtime.InteropServices;

// Native libraries come from the system, not from the folder of the program.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
[assembly: CLSCompliant(false)]
