using Dcron.Grains.Processes.Guarding;

if (args is [GuardProgram.Argument])
{
    return GuardProgram.Run();
}

return 0;
